# The digits, each at a random place, scale and angle on a canvas of 48 x 48 pixels, written by
# tools/quickstart.py; all augmentation runs on the batch on the training device
_base_ = '../evaluation/knn.py'

dataset_type = 'CustomDataset'
data_root = 'data/scattered-digits'  # train.txt, val.txt, train/CLASS/*.png and val/CLASS/*.png
with_label = True
batch_size = 32  # images per rank and step
num_workers = 1  # processes that load, per rank
image_size = 24  # pixels, height and width that the network sees
neighbors = (5, 10, 20, 200)  # K of the kNN evaluations, all in one pass

data_preprocessor = dict(
    type='AugmentingDataPreprocessor',
    mean=[18.0] * 3,
    std=[54.0] * 3,
    augments=[
        # the digit is rotated and scaled at the center, and then put anywhere
        dict(type='MoveObject', to='center'),
        dict(type='RandomAffine', degrees=45.0, scale=(0.6, 1.6), shear=15.0, p=1.0),
        dict(type='MoveObject', to='random'),
        dict(type='ColorJitter', brightness=0.3),
    ],
)
train_pipeline = [
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
val_dataset = dict(train_dataset, ann_file='val.txt')

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
test_cfg = dict(k=neighbors, reference=dict(num_workers=num_workers, dataset=train_dataset))
