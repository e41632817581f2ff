# NPID with AlexNet; the head is the recipe's. The paper does not describe what follows the last
# map: here the network's own two layers of 4,096, with batch norm in place of dropout, and the
# embedding.
model = dict(
    type='NPID',
    backbone=dict(type='AlexNet'),
    neck=dict(
        type='NonLinearNeck',
        in_channels=256 * 6 * 6,
        hid_channels=4096,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        num_layers=3,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=False,
    ),
    memory_bank=dict(type='MemoryBank', momentum=0.5),  # momentum: weight of the new feature
)
