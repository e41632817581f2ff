# VOC2007 with a label of every class, squashed to a square as the protocol has it
data_root = 'data/VOCdevkit/VOC2007'  # holds ImageSets/Main/ and JPEGImages/
batch_size = 64  # images a rank and step
num_workers = 8  # processes that load, a rank
image_size = 224

data_preprocessor = dict(
    type='SelfSupDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)
pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='Resize', scale=image_size, backend='pillow'),
    dict(type='PackInputs'),
]
test_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOC2007Classification', data_root=data_root, split='test', pipeline=pipeline
    ),
)
# what the machines are trained on
trainval = dict(test_dataloader, dataset=dict(test_dataloader['dataset'], split='trainval'))
