# CIFAR-10 as image files, data/cifar10-images/{train,test}/CLASS/*; all augmentation runs on the
# batch on the training device
_base_ = '../evaluation/knn.py'

dataset_type = 'CustomDataset'
data_root = 'data/cifar10-images'
batch_size = 128  # images per rank and step
num_workers = 4  # processes that load, per rank
vote = dict(k=(200,), temperature=0.1)  # settings of the kNN evaluations

data_preprocessor = dict(
    type='AugmentingDataPreprocessor',
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
    bgr_to_rgb=True,  # files are read as BGR
    augments=[
        dict(
            type='RandomResizedCrop',
            size=(32, 32),
            scale=(0.2, 1.0),
            cropping_mode='resample',
        ),
        dict(type='RandomHorizontalFlip', p=0.5),
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
        dict(type='RandomGrayscale', p=0.2),
    ],
)
train_pipeline = [dict(type='LoadImage'), dict(type='PackInputs')]

train_dataset = dict(
    type=dataset_type, data_root=data_root, data_prefix='train', pipeline=train_pipeline
)
val_dataset = dict(train_dataset, data_prefix='test')

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
test_cfg = dict(vote, reference=dict(num_workers=num_workers, dataset=train_dataset))
