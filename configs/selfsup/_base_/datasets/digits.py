# scikit-learn's 1,797 handwritten digits as image folders, written by tools/quickstart.py
_base_ = '../evaluation/knn.py'

dataset_type = 'CustomDataset'
data_root = 'data/digits'  # holds train.txt, val.txt, train/CLASS/*.png and val/CLASS/*.png
with_label = True
batch_size = 32  # images per rank and step
num_workers = 2  # processes that load and augment, per rank
image_size = 16  # pixels, height and width that the network sees
neighbors = (5, 10, 20, 200)  # K of the kNN evaluations, all in one pass

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Resize', scale=image_size),
    dict(type='NumpyToPIL'),
    dict(
        type='torchvision/RandomAffine',
        degrees=15,
        translate=(0.1, 0.1),
        scale=(0.8, 1.2),
        shear=25,
        interpolation='bilinear',
    ),
    dict(type='torchvision/ColorJitter', brightness=0.3),
    dict(type='PILToNumpy'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Resize', scale=image_size),
    dict(type='PackInputs'),
]

train_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    ann_file='train.txt',
    with_label=with_label,
    pipeline=train_pipeline,
)
reference_dataset = dict(train_dataset, pipeline=test_pipeline)
val_dataset = dict(reference_dataset, ann_file='val.txt')

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='InstanceDataset', max_unreadable=0.0, dataset=train_dataset),
)
val_dataloader = dict(num_workers=num_workers, dataset=val_dataset)
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
val_cfg = dict(k=neighbors)
test_cfg = dict(k=neighbors, reference=dict(num_workers=num_workers, dataset=reference_dataset))
