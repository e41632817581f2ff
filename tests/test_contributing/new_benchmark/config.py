# The digits, linear classifier on the pooled features of a small ResNet-18.
_base_ = [
    '../_base_/datasets/toy.py',
    '../_base_/schedules/sgd_linear-steplr-100e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ProbeClassifier',
    checkpoint=None,  # the pretrained weights: --cfg-options model.checkpoint=PATH
    frozen=True,
    backbone=dict(
        type='ResNet_CIFAR', depth=18, stem_channels=8, base_channels=8, out_indices=(3,)
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=64),
)
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=1)
param_scheduler = dict(milestones=[1])
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(checkpoint=dict(interval=1))
