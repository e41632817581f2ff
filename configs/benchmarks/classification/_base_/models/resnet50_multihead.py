# A linear classifier on each of five layers of a frozen ResNet-50
model = dict(
    type='ProbeClassifier',
    # the pretrained weights: --cfg-options model.checkpoint=PATH
    checkpoint=None,
    frozen=True,
    backbone=dict(
        type='StemResNet',
        depth=50,
        norm_cfg=dict(type='BN'),
        zero_init_residual=False,  # matters to model.checkpoint=random only
    ),
    neck=dict(type='LayerPooling'),
    head=dict(type='LayerLinearHead', num_classes=1000),
)
val_evaluator = dict(type='LayerAccuracy', topk=(1, 5))
test_evaluator = val_evaluator
