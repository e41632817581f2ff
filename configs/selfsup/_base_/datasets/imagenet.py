# ImageNet-1k: workers decode and crop, the rest runs on the batch on the training device.
# imagenet_per-image.py has the order and the operators of MMSelfSup. See docs/datasets.md.
_base_ = '../evaluation/knn.py'

dataset_type = 'ImageNet'
data_root = 'data/imagenet'  # holds meta/{train,val}.txt, train/WNID/*.JPEG and val/
train_list = 'meta/train.txt'
val_list = 'meta/val.txt'
with_label = True  # False for lists of paths without labels
batch_size = 32  # images per rank and step
num_workers = 8  # processes that load, per rank
image_size = 224
neighbors = (10, 20, 100, 200)  # K of the kNN evaluations, all in one pass

data_preprocessor = dict(
    type='AugmentingDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    augments=[
        dict(type='RandomGrayscale', p=0.2),
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, p=1.0),
        dict(type='RandomHorizontalFlip', p=0.5),
    ],
)
train_pipeline = [
    dict(type='LoadRandomResizedCrop', scale=image_size, crop_ratio_range=(0.2, 1.0)),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=image_size),
    dict(type='PackInputs'),
]

train_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    ann_file=train_list,
    data_prefix='train',
    with_label=with_label,
    pipeline=train_pipeline,
)
reference_dataset = dict(train_dataset, pipeline=test_pipeline)
val_dataset = dict(reference_dataset, ann_file=val_list, data_prefix='val')

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='InstanceDataset', max_unreadable=1e-4, dataset=train_dataset),
)
val_dataloader = dict(num_workers=num_workers, dataset=val_dataset)
test_dataloader = val_dataloader
val_cfg = dict(k=neighbors)
test_cfg = dict(k=neighbors, reference=dict(num_workers=num_workers, dataset=reference_dataset))
