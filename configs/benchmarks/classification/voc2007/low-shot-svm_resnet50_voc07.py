# VOC2007, linear SVMs of k positives per class, the mean over draws; with the same --work-dir as
# svm_resnet50_voc07.py the features are extracted once.
_base_ = [
    '../_base_/models/resnet50_layers.py',
    '../_base_/datasets/voc2007.py',
    '../_base_/default_runtime.py',
]

test_cfg = dict(
    type='LowShotSVMTestLoop',
    shots=(1, 2, 4, 8, 16, 32, 64, 96),  # k
    draws=5,
    seed=0,  # of the draws
    select='held_out',  # chooses the cost; 'test', as published, chooses it on the test set
)
