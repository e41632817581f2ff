# iNaturalist 2018, read from the competition's own files
_base_ = './imagenet.py'

data_root = 'data/inaturalist2018'  # holds {train,val}2018.json and train_val2018/

train = dict(_delete_=True, type='INaturalist2018', data_root=data_root, ann_file='train2018.json')
val = dict(train, ann_file='val2018.json')

train_dataloader = dict(dataset=dict(dataset=dict(train, pipeline={{_base_.train_pipeline}})))
val_dataloader = dict(dataset=dict(val, pipeline={{_base_.test_pipeline}}))
test_dataloader = val_dataloader
