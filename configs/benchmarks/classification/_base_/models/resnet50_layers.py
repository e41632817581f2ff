# The pooled features of five layers of a ResNet-50
model = dict(
    type='ProbeClassifier',
    backbone=dict(type='StemResNet', depth=50, norm_cfg=dict(type='BN')),
    neck=dict(type='LayerPooling'),
)
