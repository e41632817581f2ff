# NPID with a ResNet-18 of half width whose stem is 3 x 3, for small images, and the exact softmax
feat_dim = 128  # D, dimension of an embedding; the bank follows
temperature = 0.2  # tau

model = dict(
    type='NPID',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        stem_channels=32,
        base_channels=32,
        num_stages=4,
        out_indices=(3,),
        style='pytorch',
        norm_cfg=dict(type='BN'),
        zero_init_residual=True,  # ours; recipes that follow other code have False
    ),
    neck=dict(
        type='LinearNeck',
        in_channels=256,
        out_channels=feat_dim,
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
    head=dict(type='ExactSoftmaxHead', temperature=temperature),
    memory_bank=dict(type='MemoryBank', momentum=0.5, init='features'),
)
