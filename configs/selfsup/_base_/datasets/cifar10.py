# CIFAR-10, downloaded on first use: workers crop, the rest runs on the batch on the training
# device. cifar10_per-image.py has the operators of the authors' code, image by image.
_base_ = './folder.py'

data_root = 'data/cifar10'  # the archive is unpacked here
batch_size = 128  # images a rank and step
num_workers = 4  # processes that load, a rank
image_size = 32

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

train = dict(_delete_=True, type='CIFAR10', data_root=data_root, split='train')
test = dict(_delete_=True, type='CIFAR10', data_root=data_root, split='test')

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    drop_last=False,
    dataset=dict(max_unreadable=0.0, dataset=dict(train, pipeline=train_pipeline)),
)
val_dataloader = dict(num_workers=num_workers, dataset=dict(test, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator

vote = dict(k=(200,), temperature=0.1)
val_cfg = vote
test_cfg = dict(
    vote,
    reference=dict(num_workers=num_workers, dataset=dict(train, pipeline=test_pipeline)),
)
