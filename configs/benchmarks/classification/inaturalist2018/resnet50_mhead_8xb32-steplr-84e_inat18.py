# iNaturalist 2018, a linear classifier on each layer (the columns Feature1 to Feature5).
_base_ = [
    '../_base_/models/resnet50_multihead.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/sgd_mhead-steplr-90e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=8142))
param_scheduler = dict(milestones=[24, 48, 72])
train_cfg = dict(max_epochs=84)
