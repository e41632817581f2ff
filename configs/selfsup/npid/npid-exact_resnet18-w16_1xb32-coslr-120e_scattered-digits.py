# The quickstart: scikit-learn's handwritten digits, scattered over a canvas, five minutes on a
# laptop.
_base_ = [
    '../_base_/models/npid_resnet18_cifar.py',
    '../_base_/datasets/scattered_digits.py',
    '../_base_/schedules/adamw_coslr.py',
    '../_base_/default_runtime.py',
]

# Three stages of a quarter of the width. The norm after the neck spreads the features, which are
# nearly equal at first.
model = dict(
    channels_last=True,
    backbone=dict(
        stem_channels=16,
        base_channels=16,
        num_stages=3,
        strides=(2, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
        zero_init_residual=True,
    ),
    neck=dict(
        _delete_=True,
        type='LinearNeck',
        in_channels=64,
        out_channels=128,  # D, dimension of an embedding; the bank follows
        gap_dim=2,
        norm_cfg=dict(type='BN1d'),
        act_cfg=None,
    ),
    head=dict(type='ExactSoftmaxHead', temperature=0.2),  # tau
    memory_bank=dict(init='features'),
)
optim_wrapper = dict(optimizer=dict(lr=4e-3))
train_cfg = dict(max_epochs=120, val_interval=10)
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(memory_bank=dict(knn_interval=1, knn_k=10))
