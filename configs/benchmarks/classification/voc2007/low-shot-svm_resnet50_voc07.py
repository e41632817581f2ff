# VOC2007, linear SVMs of k positives a class, the mean over draws; with the same --work-dir as
# svm_resnet50_voc07.py the features are read once.
_base_ = './svm_resnet50_voc07.py'

test_cfg = dict(
    type='LowShotSVMTestLoop',
    shots=(1, 2, 4, 8, 16, 32, 64, 96),  # k
    draws=5,
    seed=0,  # of the draws
    select='held_out',  # chooses the cost; 'test' as published, which looks at the test set
)
