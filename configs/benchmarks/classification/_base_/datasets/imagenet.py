# ImageNet-1k with labels. See docs/datasets.md.
_base_ = './labeled_images.py'

dataset_type = 'ImageNet'
data_root = 'data/imagenet'  # holds meta/{train,val}.txt, train/WNID/*.JPEG and val/

train_dataset = dict(
    type=dataset_type, data_root=data_root, ann_file='meta/train.txt', data_prefix='train'
)
val_dataset = dict(train_dataset, ann_file='meta/val.txt', data_prefix='val')

train_dataloader = dict(dataset=dict(dataset=train_dataset))
val_dataloader = dict(dataset=val_dataset)
test_dataloader = val_dataloader
