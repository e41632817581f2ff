# NPID with the ResNet-18 of ImageNet; the head is the recipe's
_base_ = './npid_resnet50.py'

model = dict(backbone=dict(depth=18), neck=dict(in_channels=512))
