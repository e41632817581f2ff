# VOC2007, linear SVMs on each layer (mAP of feature1 to feature5 and of the best):
# python tools/test.py CONFIG CHECKPOINT
_base_ = [
    '../_base_/models/resnet50_layers.py',
    '../_base_/datasets/voc2007.py',
    '../_base_/default_runtime.py',
]

test_cfg = dict(type='SVMTestLoop')
