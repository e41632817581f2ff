# SGD for a linear classifier on features without a norm, which needs a high learning rate
max_epochs = 100
milestones = [60, 80]  # epochs after which the learning rate falls to a tenth
lr = 30.0  # for the global batch of auto_scale_lr
val_interval = 1  # epochs between two evaluations

optim_wrapper = dict(optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=0.0))
param_scheduler = dict(type='MultiStepLR', milestones=milestones, gamma=0.1)
train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)
auto_scale_lr = dict(base_batch_size=256)
