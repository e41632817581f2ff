# ImageNet, weighted kNN on the network's embedding (128-d), as in the paper:
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../../../selfsup/_base_/datasets/imagenet.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ProbeClassifier',
    backbone=dict(type='ResNet', depth=50, out_indices=(3,), norm_cfg=dict(type='BN')),
    neck=dict(
        type='LinearNeck',
        in_channels=2048,
        out_channels=128,  # D, that of the pretraining
        gap_dim=2,
        norm_cfg=None,
        act_cfg=None,
    ),
)
train_dataloader = val_dataloader = val_evaluator = val_cfg = None
test_cfg = dict(feature='embedding', temperature=0.07)  # tau
