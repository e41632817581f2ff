# The quickstart: scikit-learn's handwritten digits, two minutes on a laptop.
_base_ = [
    '../_base_/models/npid_resnet18-w32.py',
    '../_base_/datasets/digits.py',
    '../_base_/schedules/adamw_coslr.py',
    '../_base_/default_runtime.py',
]

# half the width, mean and deviation of the digits, a softer softmax and a slower bank: with few
# images and strong distortions, an average over views describes an image better than one view
model = dict(
    data_preprocessor=dict(mean=[77.8] * 3, std=[95.9] * 3),
    backbone=dict(stem_channels=16, base_channels=16),
    neck=dict(in_channels=128),
    head=dict(temperature=0.3),
    memory_bank=dict(momentum=0.3),
)
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(memory_bank=dict(knn_interval=1, knn_k=10))
