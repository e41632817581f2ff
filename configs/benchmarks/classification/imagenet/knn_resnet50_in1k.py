# ImageNet, weighted kNN on the pooled features of the backbone (2048-d), MMSelfSup's protocol:
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../../../selfsup/_base_/datasets/imagenet.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ProbeClassifier',
    backbone=dict(type='ResNet', depth=50, out_indices=(3,), norm_cfg=dict(type='BN')),
)
train_dataloader = val_dataloader = val_evaluator = val_cfg = None
test_cfg = dict(feature='backbone', temperature=0.07)  # tau
