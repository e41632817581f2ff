# CIFAR-10 on a CPU: the paper's loss and images, a network of 1/20 of the paper's cost, half of its
# epochs, and all augmentation on the batch.
_base_ = [
    '../_base_/models/npid_resnet18-w24_cifar.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_coslr-100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(type='ExactSoftmaxHead', temperature=0.1))  # tau
# A crop of an image of 32 x 32 costs less on the batch than image by image.
data_preprocessor = dict(
    augments=[
        dict(
            type='RandomResizedCrop',
            size=(32, 32),
            scale=(0.2, 1.0),
            cropping_mode='resample',
        ),
        dict(type='RandomHorizontalFlip', p=0.5),
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
        dict(type='RandomGrayscale', p=0.2),
    ],
)
train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
default_hooks = dict(checkpoint=dict(interval=2))
