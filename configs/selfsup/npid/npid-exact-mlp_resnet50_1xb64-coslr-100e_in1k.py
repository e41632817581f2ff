# For one GPU and small batches: the softmax over all images needs no large batch. MLP head,
# augmentation and temperature of MoCo v2; the learning rate of the recipes for 256 images.
_base_ = [
    '../_base_/models/npid_resnet50_mlp.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_coslr-100e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(norm_cfg=dict(type='BN')),
    head=dict(type='ExactSoftmaxHead', temperature=0.2),  # tau
    memory_bank=dict(dtype='bfloat16', init='features'),
)
data_preprocessor = dict(
    augments=[
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
        dict(type='RandomGrayscale', p=0.2),
        dict(type='RandomGaussianBlur', kernel_size=(23, 23), sigma=(0.1, 2.0), p=0.5),
        dict(type='RandomHorizontalFlip', p=0.5),
    ],
)
train_dataloader = dict(batch_size=64)
optim_wrapper = dict(optimizer=dict(lr=0.0075, weight_decay=1e-4))  # 0.03 for 256 images
auto_scale_lr = dict(base_batch_size=64)
