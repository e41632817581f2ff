# A linear classifier on the pooled features of a frozen ResNet-50
model = dict(
    type='ProbeClassifier',
    checkpoint=None,  # the pretrained weights: --cfg-options model.checkpoint=PATH
    frozen=True,
    backbone=dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        norm_cfg=dict(type='BN'),
        zero_init_residual=False,  # affects model.checkpoint=random only
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=1000, in_channels=2048),
)
val_evaluator = dict(type='Accuracy', topk=(1, 5))
test_evaluator = val_evaluator
