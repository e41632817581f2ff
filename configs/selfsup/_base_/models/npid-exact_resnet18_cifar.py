# A ResNet-18 with the 3 x 3 stem for images of 32 x 32, and the softmax over all of them
model = dict(
    type='NPID',
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        out_indices=(3,),
        zero_init_residual=False,  # the authors'; MMPretrain's default is True
    ),
    neck=dict(
        type='LinearNeck',
        in_channels=512,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
    head=dict(type='ExactSoftmaxHead', temperature=0.1),  # tau
    memory_bank=dict(type='MemoryBank', momentum=0.5),  # momentum: weight of the new feature
)
