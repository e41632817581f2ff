# CIFAR-10, a linear SVM on the embedding (128-d), as in the paper:
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../_base_/models/resnet18_cifar_embedding.py',
    '../../../selfsup/_base_/datasets/cifar10.py',
    '../_base_/default_runtime.py',
]

train_dataloader = val_dataloader = val_evaluator = val_cfg = None
test_cfg = dict(
    _delete_=True,
    type='LinearSVMTestLoop',
    reference={{_base_.test_cfg.reference}},
    cost=1.0,  # per row's loss; the paper does not give it
)
test_evaluator = []  # the loop gives the metric
