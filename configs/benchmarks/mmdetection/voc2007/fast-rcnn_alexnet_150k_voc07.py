# VOC2007, Fast R-CNN with AlexNet: the first convolution is fixed (AP50)
_base_ = '../_base_/fast-rcnn_voc07.py'

model = dict(
    backbone=dict(type='mmpretrain.AlexNetC5', frozen_stages=1),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=256, roi_layer=dict(output_size=6)),
        shared_head=dict(in_channels=256 * 6 * 6),
    ),
)
