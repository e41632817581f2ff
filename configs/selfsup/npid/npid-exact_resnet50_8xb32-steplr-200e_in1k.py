# Recommended: the softmax over all images, which costs less than to draw negatives.
_base_ = './npid_resnet50_8xb32-steplr-200e_in1k.py'

model = dict(
    head=dict(_delete_=True, type='ExactSoftmaxHead', temperature=0.07),  # tau
    memory_bank=dict(dtype='bfloat16'),
)
