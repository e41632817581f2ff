# NPID with VGG16 and its later batch norms; the head is the recipe's. The layers behind the last
# map are those of AlexNet, as the paper does not describe them.
_base_ = './npid_alexnet.py'

model = dict(
    backbone=dict(type='VGG', depth=16, norm_cfg=dict(type='SyncBN')),
    neck=dict(in_channels=512 * 7 * 7),
)
