# VOC2007, linear SVMs on each layer (mAP of feature1 to feature5 and of the best):
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../_base_/datasets/voc2007.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ProbeClassifier',
    backbone=dict(type='StemResNet', depth=50, norm_cfg=dict(type='BN')),
    neck=dict(type='LayerPooling'),
)
test_cfg = dict(type='SVMTestLoop', reference={{_base_.trainval}})
test_evaluator = []  # the loop gives the metrics
