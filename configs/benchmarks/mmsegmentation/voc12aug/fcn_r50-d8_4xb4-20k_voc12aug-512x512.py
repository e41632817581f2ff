# FCN on the 10,582 images of VOC2012 with the additional annotations (mIoU)
_base_ = [
    'mmseg::fcn/fcn_r50-d8_4xb4-20k_voc12aug-512x512.py',
    '../../_base_/pretrained_backbone.py',
    '../_base_/plain_stem.py',
]

model = _base_.plain_stem
default_hooks = dict(checkpoint=_base_.atomic_checkpoints)

# --auto-scale-lr: the learning rate is for this batch over all GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
