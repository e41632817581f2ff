# The paper's ResNet-18.
_base_ = './npid-nce4096_resnet50_8xb32-steplr-200e_in1k.py'

model = dict(backbone=dict(depth=18), neck=dict(in_channels=512))
