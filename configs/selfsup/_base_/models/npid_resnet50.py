# NPID with a ResNet-50 and the loss of MMSelfSup's recipe
model = dict(
    type='NPID',
    backbone=dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        norm_cfg=dict(type='SyncBN'),
        zero_init_residual=False,  # MMSelfSup's, the authors' and VISSL's; MMPretrain's is True
    ),
    neck=dict(
        type='LinearNeck',
        in_channels=2048,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
    head=dict(
        type='SampledSoftmaxHead',
        num_negatives=65536,  # M, drawn for each image
        temperature=0.07,  # tau
    ),
    memory_bank=dict(type='MemoryBank', momentum=0.5),  # momentum: weight of the new feature
)
