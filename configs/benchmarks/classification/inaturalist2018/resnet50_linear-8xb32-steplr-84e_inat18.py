# iNaturalist 2018, linear classifier on the pooled features. The schedule is ImageNet's, as none is
# published, with the epochs and the milestones of the layer-wise probe of iNaturalist 2018.
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/sgd_linear-steplr-100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=8142))
param_scheduler = dict(milestones=[24, 48, 72])
train_cfg = dict(max_epochs=84)
