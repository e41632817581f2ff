# Places205 with labels; tools/dataset_converters/make_places205_lists.py writes the lists
_base_ = './imagenet.py'

data_root = 'data/places205'  # holds meta/{train,val}.txt, which name the images from here on

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=256),
    dict(type='RandomCrop', crop_size={{_base_.image_size}}),
    dict(type='PackInputs'),
]
train = dict(_delete_=True, type='CustomDataset', data_root=data_root, ann_file='meta/train.txt')
val = dict(train, ann_file='meta/val.txt')

train_dataloader = dict(dataset=dict(dataset=dict(train, pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(val, pipeline={{_base_.test_pipeline}}))
test_dataloader = val_dataloader
