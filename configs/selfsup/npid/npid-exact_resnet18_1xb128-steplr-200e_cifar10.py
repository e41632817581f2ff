# The paper's CIFAR-10 network with the softmax over all 50,000 images.
_base_ = [
    '../_base_/models/npid_resnet18_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_steplr-200e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(type='ExactSoftmaxHead', temperature=0.1))  # tau
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))
auto_scale_lr = dict(base_batch_size=128)
