# Places205 with labels; tools/dataset_converters/make_places205_lists.py writes the lists
_base_ = './labeled_images.py'

dataset_type = 'CustomDataset'
data_root = 'data/places205'  # holds meta/{train,val}.txt, whose paths start here

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=256),
    dict(type='RandomCrop', crop_size={{_base_.image_size}}),
    dict(type='PackInputs'),
]
train_dataset = dict(type=dataset_type, data_root=data_root, ann_file='meta/train.txt')
val_dataset = dict(train_dataset, ann_file='meta/val.txt')

train_dataloader = dict(dataset=dict(dataset=dict(train_dataset, pipeline=train_pipeline)))
val_dataloader = dict(dataset=val_dataset)
test_dataloader = val_dataloader
