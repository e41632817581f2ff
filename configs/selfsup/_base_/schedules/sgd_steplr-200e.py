# SGD for 200 epochs, a tenth of the learning rate at 120 and at 160
max_epochs = 200
milestones = [120, 160]
lr = 0.03  # for the global batch of auto_scale_lr
weight_decay = 1e-4
val_interval = 10  # epochs between two kNN evaluations

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=weight_decay),
)
param_scheduler = dict(type='MultiStepLR', milestones=milestones, gamma=0.1)
train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)
auto_scale_lr = dict(base_batch_size=256)
