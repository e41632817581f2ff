# SGD for all weights, with a head that may learn faster than the backbone
max_epochs = 20
milestones = [12, 16]  # epochs after which the learning rate falls to a fifth
lr = 0.01  # for the global batch of auto_scale_lr
head_lr_mult = 100  # learning rate of the head over that of the backbone
weight_decay = 1e-4
val_interval = 1  # epochs between two evaluations

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=weight_decay),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=head_lr_mult))),
)
param_scheduler = dict(type='MultiStepLR', milestones=milestones, gamma=0.2)
train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)
auto_scale_lr = dict(base_batch_size=256)
