# VOC07+12 to VOC07, Faster R-CNN, C4, all layers trained (AP, AP50, AP75)
_base_ = [
    'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py',
    '../../_base_/pretrained_backbone.py',
    '../_base_/c4.py',
]
custom_imports = dict(imports=['npid_mm', 'npid_mm.evaluation.metrics.voc_detection_metric'])

model = _base_.trained_c4

train_cfg = dict(max_iters=24000)
param_scheduler = [
    _base_.param_scheduler[0],  # warm-up over 100 iterations
    dict(
        type='MultiStepLR',
        begin=0,
        end=24000,
        by_epoch=False,
        milestones=[18000, 22000],
        gamma=0.1,
    ),
]

val_evaluator = dict(_delete_=True, type='VOCDetectionMetric')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=_base_.atomic_checkpoints)
