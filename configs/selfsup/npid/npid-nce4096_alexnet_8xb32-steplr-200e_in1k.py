# The paper's AlexNet. The paper does not describe what follows the last map: here the network's
# own two layers of 4,096, with batch norm in place of dropout, and the embedding.
_base_ = './npid-nce4096_resnet50_8xb32-steplr-200e_in1k.py'

model = dict(
    backbone=dict(_delete_=True, type='AlexNet'),
    neck=dict(
        _delete_=True,
        type='NonLinearNeck',
        in_channels=256 * 6 * 6,
        hid_channels=4096,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        num_layers=3,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=False,
    ),
)
