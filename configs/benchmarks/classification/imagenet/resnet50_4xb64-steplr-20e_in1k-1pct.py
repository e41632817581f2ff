# Semi-supervised: all weights fine-tuned on 1 % of ImageNet's labels. The protocol reports the
# best of lr 0.1, 0.01, 0.001 with the head's lr_mult 1, 10, 100, as tools/sweep.py runs them:
# optim_wrapper.optimizer.lr, optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_finetune-steplr-20e.py',
    '../_base_/default_runtime.py',
]

model = dict(frozen=False, backbone=dict(norm_cfg=dict(type='SyncBN')))
train_dataloader = dict(
    batch_size=64,
    dataset=dict(dataset=dict(ann_file='meta/train_1percent.txt')),
)
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
