# CIFAR-10, a linear SVM on the embedding (128-d), as the paper has it:
# python tools/test.py CONFIG CHECKPOINT
_base_ = './knn_resnet18_cifar10.py'

test_cfg = dict(
    _delete_=True,
    type='LinearSVMTestLoop',
    reference={{_base_.test_cfg.reference}},
    cost=1.0,  # of a row's loss, which the paper does not name
)
test_evaluator = []  # the loop gives the metric
