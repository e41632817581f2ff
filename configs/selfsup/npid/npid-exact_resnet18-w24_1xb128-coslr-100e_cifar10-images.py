# CIFAR-10 on a CPU, from image files: data/cifar10-images/{train,test}/CLASS/*.
_base_ = [
    '../_base_/models/npid_resnet18-w24_cifar.py',
    '../_base_/datasets/cifar10_images.py',
    '../_base_/schedules/sgd_coslr-100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(type='ExactSoftmaxHead', temperature=0.1))  # tau
default_hooks = dict(checkpoint=dict(interval=2))
