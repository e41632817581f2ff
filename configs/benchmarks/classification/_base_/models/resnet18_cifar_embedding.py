# The embedding of the ResNet-18 that is pretrained on CIFAR-10
model = dict(
    type='ProbeClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, out_indices=(3,)),
    neck=dict(
        type='LinearNeck',
        in_channels=512,
        out_channels=128,  # D, that of the pretraining
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
)
