# The paper's VGG16, with the batch norms that it did not have when it was published.
_base_ = './npid-nce4096_alexnet_8xb32-steplr-200e_in1k.py'

model = dict(
    backbone=dict(type='VGG', depth=16, norm_cfg=dict(type='SyncBN')),
    neck=dict(in_channels=512 * 7 * 7),
)
