# VOC2007, Fast R-CNN with VGG16: the first stage is fixed, and the statistics of its norms (AP50)
_base_ = '../_base_/fast-rcnn_voc07.py'

model = dict(
    backbone=dict(
        type='mmpretrain.VGG',
        depth=16,
        norm_cfg=dict(type='BN'),
        norm_eval=True,
        frozen_stages=1,
        with_last_pool=False,
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=512, roi_layer=dict(output_size=7)),
        shared_head=dict(in_channels=512 * 7 * 7),
    ),
)
