# NPID with a ResNet-50; the head is the recipe's
model = dict(
    type='NPID',
    backbone=dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        norm_cfg=dict(type='SyncBN'),
        zero_init_residual=False,  # as MMSelfSup, the authors and VISSL; MMPretrain's is True
    ),
    neck=dict(
        type='LinearNeck',
        in_channels=2048,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
    memory_bank=dict(type='MemoryBank', momentum=0.5),  # momentum: weight of the new feature
)
