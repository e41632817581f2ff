# ImageNet, a linear classifier on each layer (the columns Feature1 to Feature5).
_base_ = [
    '../_base_/models/resnet50_multihead.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_mhead-steplr-90e.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(
    augments=[
        dict(type='RandomHorizontalFlip', p=0.5),
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, p=1.0),
        dict(type='Lighting', alphastd=0.1),
    ],
)
