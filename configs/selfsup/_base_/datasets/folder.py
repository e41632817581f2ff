# A folder of images, listed by train.txt and val.txt (npid_mm.datasets.split_folder writes them)
data_root = 'data/folder'  # what the paths in the lists start from
train_list = 'train.txt'  # below data_root: a line is `path label`, or `path` without labels
val_list = 'val.txt'
with_label = True  # for lists of paths alone, without labels: docs/your_data.md
batch_size = 64  # images a rank and step
num_workers = 2  # processes that load and augment

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

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(
        type='InstanceDataset',
        max_unreadable=0.01,
        dataset=dict(
            type='CustomDataset',
            data_root=data_root,
            ann_file=train_list,
            with_label=with_label,
            pipeline=train_pipeline,
        ),
    ),
)
reference = dict(
    batch_size=256,
    num_workers=num_workers,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CustomDataset',
        data_root=data_root,
        ann_file=train_list,
        with_label=with_label,
        pipeline=test_pipeline,
    ),
)
val_dataloader = dict(reference, dataset=dict(reference['dataset'], ann_file=val_list))
val_evaluator = dict(type='KNNAccuracy', topk=(1, 5))
test_dataloader = val_dataloader
test_evaluator = val_evaluator

k = (10, 20, 200)  # neighbours, all in one pass
val_cfg = dict(type='KNNValLoop', reference='bank', k=k)
test_cfg = dict(type='KNNTestLoop', reference=reference, k=k)
