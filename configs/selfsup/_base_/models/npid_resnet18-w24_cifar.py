# The ResNet-18 of CIFAR-10 at 1/20 of its cost: 3/8 of the width, and a second stride
_base_ = './npid_resnet18_cifar.py'

model = dict(
    channels_last=True,
    backbone=dict(stem_channels=24, base_channels=24, strides=(2, 2, 2, 2)),
    neck=dict(in_channels=192),
    memory_bank=dict(init='features'),
)
