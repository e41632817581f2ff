# ImageNet, linear classifier on the pooled features (the AvgPool column).
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_linear-steplr-100e.py',
    '../_base_/default_runtime.py',
]
