# NPID with a ResNet-18 whose stem is 3 x 3, for images of 32 x 32; the head is the recipe's
model = dict(
    type='NPID',
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        out_indices=(3,),
        zero_init_residual=False,  # as the authors; MMPretrain's default is True
    ),
    neck=dict(
        type='LinearNeck',
        in_channels=512,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
    memory_bank=dict(type='MemoryBank', momentum=0.5),  # momentum: weight of the new feature
)
