# MMSelfSup's recipe with the image itself kept out of its negatives.
_base_ = './npid_resnet50_8xb32-steplr-200e_in1k.py'

model = dict(head=dict(exclude_positive=True))
