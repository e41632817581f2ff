# iNaturalist 2018, read from the competition's own files
_base_ = './labeled_images.py'

dataset_type = 'INaturalist2018'
data_root = 'data/inaturalist2018'  # holds {train,val}2018.json and train_val2018/

train_dataset = dict(type=dataset_type, data_root=data_root, ann_file='train2018.json')
val_dataset = dict(train_dataset, ann_file='val2018.json')

train_dataloader = dict(dataset=dict(dataset=train_dataset))
val_dataloader = dict(dataset=val_dataset)
test_dataloader = val_dataloader
