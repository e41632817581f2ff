# COCO, Mask R-CNN, C4, all layers trained (box and mask mAP)
_base_ = [
    'mmdet::mask_rcnn/mask-rcnn_r50-caffe-c4_1x_coco.py',
    '../../_base_/pretrained_backbone.py',
    '../_base_/c4.py',
    '../_base_/coco_ms.py',
]

model = _base_.trained_c4

train_dataloader = dict(dataset=dict(pipeline=_base_.ms_pipeline))
param_scheduler = [_base_.warm_up, _base_.param_scheduler[1]]

default_hooks = dict(checkpoint=_base_.atomic_checkpoints)
