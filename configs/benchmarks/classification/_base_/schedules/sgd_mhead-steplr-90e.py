# SGD for linear classifiers on several layers, each behind a norm. The protocol exempts the
# parameters of norms from weight decay; these norms have none.
max_epochs = 90
milestones = [30, 60]  # epochs after which the learning rate falls to a tenth
lr = 0.01  # for the global batch of auto_scale_lr
weight_decay = 1e-4
val_interval = 10  # epochs between two evaluations

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=weight_decay, nesterov=True),
)
param_scheduler = dict(type='MultiStepLR', milestones=milestones, gamma=0.1)
train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)
auto_scale_lr = dict(base_batch_size=256)
