# CIFAR-10, downloaded on first use: workers crop, the rest runs on the batch on the training
# device. cifar10_per-image.py has the operators of the authors' code, image by image.
_base_ = '../evaluation/knn.py'

dataset_type = 'CIFAR10'
data_root = 'data/cifar10'  # the archive is unpacked here
batch_size = 128  # images per rank and step
num_workers = 4  # processes that load, per rank
image_size = 32
vote = dict(k=(200,), temperature=0.1)  # settings of the kNN evaluations

data_preprocessor = dict(
    type='AugmentingDataPreprocessor',
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
    augments=[
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, p=1.0),
        dict(type='RandomGrayscale', p=0.2),
    ],
)
train_pipeline = [
    dict(type='LoadRandomResizedCrop', scale=image_size, crop_ratio_range=(0.2, 1.0)),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

train_dataset = dict(type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline)
reference_dataset = dict(train_dataset, pipeline=test_pipeline)
val_dataset = dict(reference_dataset, split='test')

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    drop_last=False,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='InstanceDataset', max_unreadable=0.0, dataset=train_dataset),
)
val_dataloader = dict(num_workers=num_workers, dataset=val_dataset)
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
val_cfg = vote
test_cfg = dict(vote, reference=dict(num_workers=num_workers, dataset=reference_dataset))
