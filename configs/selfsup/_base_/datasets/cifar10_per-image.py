# CIFAR-10 as the authors' code feeds it: torchvision's operators, image by image in the workers
_base_ = './cifar10.py'

data_preprocessor = dict(
    _delete_=True,
    type='SelfSupDataPreprocessor',
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
)
train_pipeline = [
    dict(type='NumpyToPIL'),
    dict(type='torchvision/RandomResizedCrop', size={{_base_.image_size}}, scale=(0.2, 1.0)),
    dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4),
    dict(type='torchvision/RandomGrayscale', p=0.2),
    dict(type='PILToNumpy'),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
