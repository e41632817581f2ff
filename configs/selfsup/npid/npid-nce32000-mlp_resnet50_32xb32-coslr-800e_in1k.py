# NPID++ as VISSL has it: MLP head, 32,000 negatives, cosine schedule, 800 epochs.
_base_ = [
    '../_base_/models/npid_resnet50_mlp.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='NCEHead',
        num_negatives=32000,  # M
        temperature=0.07,  # tau
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.12))  # for a global batch of 1,024
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=0.00012, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=800)
auto_scale_lr = dict(base_batch_size=1024)
