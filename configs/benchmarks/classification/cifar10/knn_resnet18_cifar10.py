# CIFAR-10, weighted kNN on the embedding (128-d), K = 200, tau = 0.1 as in the authors' code:
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../../../selfsup/_base_/datasets/cifar10.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ProbeClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, out_indices=(3,)),
    neck=dict(
        type='LinearNeck',
        in_channels=512,
        out_channels=128,  # D, that of the pretraining
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
)
train_dataloader = val_dataloader = val_evaluator = val_cfg = None
