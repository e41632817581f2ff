_base_ = [
    '../_base_/models/npid-exact_resnet18-w32.py',
    '../_base_/datasets/digits.py',
    '../_base_/schedules/adamw_coslr.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(memory_bank=dict(knn_interval=1, knn_k=10))
