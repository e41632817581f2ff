# AdamW with a cosine schedule over the whole training, for small networks
max_epochs = 60
lr = 1e-3  # for a global batch of 64
weight_decay = 0.01
warmup_iters = 90  # steps of linear warm-up
val_interval = 5  # epochs between two kNN evaluations

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=lr, weight_decay=weight_decay))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=warmup_iters),
    dict(type='CosineAnnealingLR', convert_to_iter_based=True),
]
train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)
auto_scale_lr = dict(base_batch_size=64)
