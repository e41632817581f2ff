# VOC2007 with a label per class and image, squashed to a square as in the protocol
dataset_type = 'VOC2007Classification'
data_root = 'data/VOCdevkit/VOC2007'  # holds ImageSets/Main/ and JPEGImages/
batch_size = 64  # images per rank and step
num_workers = 8  # processes that load, per rank
image_size = 224

data_preprocessor = dict(
    type='SelfSupDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='Resize', scale=image_size, backend='pillow'),
    dict(type='PackInputs'),
]
test_dataset = dict(type=dataset_type, data_root=data_root, split='test', pipeline=test_pipeline)
reference_dataset = dict(test_dataset, split='trainval')  # the SVMs are trained on it

test_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=test_dataset,
)
test_cfg = dict(reference=dict(test_dataloader, dataset=reference_dataset))
test_evaluator = []  # the loops of the SVMs give the metrics
