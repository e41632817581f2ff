# The 1x config, trained twice as long
_base_ = 'mask-rcnn_r50-c4_ms-1x_coco.py'

train_cfg = dict(max_epochs=24)
param_scheduler = [_base_.warm_up, _base_.decay_2x]
