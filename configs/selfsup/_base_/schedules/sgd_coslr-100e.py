# SGD with a cosine schedule over the whole training
max_epochs = 100
lr = 0.06  # for the global batch of auto_scale_lr
weight_decay = 5e-4
warmup_iters = 391  # steps of linear warm-up
val_interval = 5  # epochs between two kNN evaluations

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=weight_decay),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=warmup_iters),
    dict(type='CosineAnnealingLR', convert_to_iter_based=True),
]
train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)
auto_scale_lr = dict(base_batch_size=128)
