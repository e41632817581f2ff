# Loaders and pipelines of a data set with labels, for training and evaluation on images of
# 224 x 224 that are flipped on the device. A data set adds its type, folder and lists.
batch_size = 32  # images per rank and step
num_workers = 8  # processes that load, per rank
image_size = 224

data_preprocessor = dict(
    type='AugmentingDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    augments=[dict(type='RandomHorizontalFlip', p=0.5)],
)
# both resize with antialiasing, bilinear, as Pillow does
train_pipeline = [
    dict(type='LoadRandomResizedCrop', scale=image_size),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=image_size),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(
        type='InstanceDataset',  # seeds each sample, so that an interrupted run repeats exactly
        max_unreadable=1e-4,
        dataset=dict(pipeline=train_pipeline),
    ),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=num_workers,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_cfg = dict()
test_cfg = dict()
