# Recommended: the softmax over all images, which costs less than sampling negatives.
_base_ = [
    '../_base_/models/npid_resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(type='ExactSoftmaxHead', temperature=0.07),  # tau
    memory_bank=dict(dtype='bfloat16'),
)
