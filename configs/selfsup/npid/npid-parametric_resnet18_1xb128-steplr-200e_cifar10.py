# The paper's baseline on CIFAR-10: a learned weight vector per image.
_base_ = [
    '../_base_/models/npid_resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='ParametricSoftmaxHead',
        length=50000,  # N, the number of training images
        temperature=1.0,  # the paper's has none
    ),
)
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
auto_scale_lr = dict(base_batch_size=128)
