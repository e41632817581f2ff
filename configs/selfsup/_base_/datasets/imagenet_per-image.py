# ImageNet-1k as MMSelfSup feeds it: its operators, in its order, image by image in the workers
_base_ = './imagenet.py'

data_preprocessor = dict(
    _delete_=True,
    type='SelfSupDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)
train_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='RandomResizedCrop',
        scale={{_base_.image_size}},
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
    ),
    # the weights of B, G and R
    dict(
        type='RandomGrayscale',
        prob=0.2,
        keep_channels=True,
        channel_weights=(0.114, 0.587, 0.2989),
    ),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
