# The digits in class folders
_base_ = './labeled_images.py'

dataset_type = 'CustomDataset'
data_root = 'data/toy'  # holds train/CLASS/*.png and val/CLASS/*.png
num_workers = 0

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Resize', scale=16),
    dict(type='PackInputs'),
]
train_dataset = dict(
    type=dataset_type, data_root=data_root, data_prefix='train', pipeline=train_pipeline
)
val_dataset = dict(train_dataset, data_prefix='val')

train_dataloader = dict(num_workers=num_workers, dataset=dict(dataset=train_dataset))
val_dataloader = dict(num_workers=num_workers, dataset=val_dataset)
test_dataloader = val_dataloader
