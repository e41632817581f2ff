# CIFAR-10, weighted kNN on the embedding (128-d), K = 200, tau = 0.1 as in the authors' code:
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../_base_/models/resnet18_cifar_embedding.py',
    '../../../selfsup/_base_/datasets/cifar10.py',
    '../_base_/default_runtime.py',
]

train_dataloader = val_dataloader = val_evaluator = val_cfg = None
