# The same training on CIFAR-10 as image files, data/cifar10-images/{train,test}/CLASS/*.
_base_ = './npid-exact_resnet18-w24_1xb128-coslr-100e_cifar10.py'

data_root = 'data/cifar10-images'
data_preprocessor = dict(bgr_to_rgb=True)  # files are read as BGR
train_pipeline = [dict(type='LoadImage'), dict(type='PackInputs')]
train = dict(
    _delete_=True,
    type='CustomDataset',
    data_root=data_root,
    data_prefix='train',
    pipeline=train_pipeline,
)
test = dict(train, data_prefix='test')

train_dataloader = dict(dataset=dict(dataset=train))
val_dataloader = dict(dataset=test)
test_dataloader = val_dataloader
test_cfg = dict(reference=dict(dataset=train))
