# Weighted kNN: on the rows of the memory bank during training, on recomputed features in a test.
# A data set fills in its images and the numbers of neighbors.
val_dataloader = dict(
    batch_size=256,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='KNNAccuracy', topk=(1, 5))
val_cfg = dict(type='KNNValLoop', reference='bank')

test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict(type='KNNTestLoop', reference=val_dataloader)
