# VOC2007, Fast R-CNN with the regions of selective search, as in the paper (AP50)
_base_ = [
    'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py',
    '../../_base_/pretrained_backbone.py',
]
custom_imports = dict(imports=['npid_mm', 'npid_mm.evaluation.metrics.voc_detection_metric'])

model = dict(
    _delete_=True,
    type='FastRCNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    roi_head=dict(
        type='StandardRoIHead',
        # bilinear, in place of the rounded coordinates of RoI pooling
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', sampling_ratio=0),
            featmap_strides=[16],
        ),
        shared_head=dict(type='mmpretrain.RegionLayers'),
        bbox_head=dict(
            type='BBoxHead',
            with_avg_pool=True,  # of 1 x 1: it flattens the features
            in_channels=4096,
            roi_feat_size=1,
            num_classes=20,
            bbox_coder=dict(
                type='DeltaXYWHBBoxCoder',
                target_means=[0.0, 0.0, 0.0, 0.0],
                target_stds=[0.1, 0.1, 0.2, 0.2],
            ),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0),
        ),
    ),
    train_cfg=dict(
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=(0.1, 0.5),
                min_pos_iou=0.5,
                match_low_quality=False,
            ),
            # of each image
            sampler=dict(type='RandomSampler', num=64, pos_fraction=0.25, add_gt_as_proposals=True),
            pos_weight=-1,
            debug=False,
        )
    ),
    test_cfg=dict(
        rcnn=dict(score_thr=0.05, nms=dict(type='nms', iou_threshold=0.3), max_per_img=100)
    ),
)

scale = (1000, 600)  # as was usual for VOC then; the paper does not give it
load_proposals = dict(type='mmpretrain.LoadProposalFile', limit=2000)
resize = dict(type='Resize', scale=scale, keep_ratio=True)
train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    load_proposals,
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='ProposalBroadcaster', transforms=[resize, dict(type='RandomFlip', prob=0.5)]),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    load_proposals,
    dict(type='ProposalBroadcaster', transforms=[resize]),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        **dict(_base_.train_dataloader.dataset.datasets[0], pipeline=train_pipeline),
    )
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# The paper gives a learning rate of 0.001 and a tenth of it after each 50,000 steps, and not the
# number of steps: here three times these, of one GPU with 2 images
train_cfg = dict(max_iters=150_000, val_interval=50_000)
optim_wrapper = dict(optimizer=dict(lr=0.001, weight_decay=5e-4))
param_scheduler = [
    _base_.param_scheduler[0],
    dict(
        type='MultiStepLR',
        begin=0,
        end=150_000,
        by_epoch=False,
        milestones=[50_000, 100_000],
        gamma=0.1,
    ),
]
auto_scale_lr = dict(base_batch_size=2)

val_evaluator = dict(_delete_=True, type='VOCDetectionMetric')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(interval=10_000, **_base_.atomic_checkpoints))
