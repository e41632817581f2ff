# COCO, Mask R-CNN, FPN, batch norm in all parts, all layers trained (box and mask mAP)
_base_ = [
    'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
    '../../_base_/pretrained_backbone.py',
    '../_base_/coco_ms.py',
]

norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    backbone=dict(frozen_stages=-1, norm_cfg=norm_cfg, norm_eval=False, init_cfg=None),
    neck=dict(norm_cfg=norm_cfg),
    roi_head=dict(
        bbox_head=dict(type='Shared4Conv1FCBBoxHead', conv_out_channels=256, norm_cfg=norm_cfg),
        mask_head=dict(norm_cfg=norm_cfg),
    ),
)

train_dataloader = dict(dataset=dict(pipeline=_base_.ms_pipeline))
param_scheduler = [_base_.warm_up, _base_.param_scheduler[1]]

default_hooks = dict(checkpoint=_base_.atomic_checkpoints)
