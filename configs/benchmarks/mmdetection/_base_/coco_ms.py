# Images of several scales, and a longer warm-up than upstream's, for the Mask R-CNN configs

ms_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='RandomChoiceResize',
        scales=[(1333, short) for short in range(640, 801, 32)],
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
warm_up = dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000)
# replaces upstream's, which is for 12 epochs
decay_2x = dict(type='MultiStepLR', begin=0, end=24, by_epoch=True, milestones=[16, 22], gamma=0.1)
