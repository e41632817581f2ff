# VOC2007, Faster R-CNN, C4, lower stages and all batch norms frozen as in the paper (AP50)
_base_ = [
    'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py',
    '../../_base_/pretrained_backbone.py',
    '../_base_/c4.py',
]
custom_imports = dict(imports=['npid_mm', 'npid_mm.evaluation.metrics.voc_detection_metric'])

model = dict(
    data_preprocessor=_base_.rgb,
    # the paper freezes the layers below the third type of residual blocks, conv4_x: conv1, conv2_x
    # and conv3_x. Upstream already freezes statistics, scales and shifts of the norms.
    backbone=dict(frozen_stages=2, **_base_.stages),
    roi_head=dict(shared_head=_base_.stages),
)

# one scale, as was usual for VOC then; the paper does not give it
scale = (1000, 600)
train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(step, scale=scale) if step['type'] == 'Resize' else step
    for step in _base_.val_dataloader.dataset.pipeline
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        **dict(_base_.train_dataloader.dataset.datasets[0], pipeline=train_pipeline),
    )
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# The paper does not give the schedule of the ResNet. This is py-faster-rcnn's for VOC2007, 70,000
# steps of 2 images at 0.001 and a tenth of it after 50,000, in steps of 16 images and with warm-up
train_cfg = dict(max_iters=8750, val_interval=1750)
optim_wrapper = dict(optimizer=dict(lr=0.008, weight_decay=5e-4))
param_scheduler = [
    _base_.param_scheduler[0],
    dict(type='MultiStepLR', begin=0, end=8750, by_epoch=False, milestones=[6250], gamma=0.1),
]

val_evaluator = dict(_delete_=True, type='VOCDetectionMetric')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(interval=1750, **_base_.atomic_checkpoints))
