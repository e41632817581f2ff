# A folder of images, listed by train.txt and val.txt (npid_mm.datasets.split_folder writes them)
_base_ = '../evaluation/knn.py'

dataset_type = 'CustomDataset'
data_root = 'data/folder'  # folder that the paths in the lists start from
train_list = 'train.txt'  # below data_root; each line is `path label`, or `path` without labels
val_list = 'val.txt'
with_label = True  # False for lists of paths without labels: docs/your_images.md
batch_size = 64  # images per rank and step
num_workers = 2  # processes that load and augment, per rank
neighbors = (10, 20, 200)  # K of the kNN evaluations, all in one pass

image_size = 64  # pixels, height and width that the network sees
background = (255, 255, 255)  # red, green and blue below transparent images
value_range = None  # (black, white) of images of more than 8 bits per channel, e.g. (0, 4095)

reading = dict(background=background, value_range=value_range)
train_pipeline = [
    dict(type='LoadRandomResizedCrop', scale=image_size, crop_ratio_range=(0.2, 1.0), **reading),
    dict(type='RandomFlip', prob=0.5),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    dict(type='RandomGrayscale', prob=0.2, keep_channels=True),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImage', **reading),
    dict(type='ResizeEdge', scale=image_size, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=image_size),
    dict(type='PackInputs'),
]

train_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    ann_file=train_list,
    with_label=with_label,
    pipeline=train_pipeline,
)
reference_dataset = dict(train_dataset, pipeline=test_pipeline)
val_dataset = dict(reference_dataset, ann_file=val_list)

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='InstanceDataset', max_unreadable=0.01, dataset=train_dataset),
)
val_dataloader = dict(num_workers=num_workers, dataset=val_dataset)
test_dataloader = val_dataloader
val_cfg = dict(k=neighbors)
test_cfg = dict(k=neighbors, reference=dict(num_workers=num_workers, dataset=reference_dataset))
