# Places205, linear classifier on the pooled features. The schedule is ImageNet's, as none is
# published, with the epochs and the milestones of the layer-wise probe of Places205.
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/places205.py',
    '../_base_/schedules/sgd_linear-steplr-100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=205))
param_scheduler = dict(milestones=[7, 14, 21])
train_cfg = dict(max_epochs=28)
