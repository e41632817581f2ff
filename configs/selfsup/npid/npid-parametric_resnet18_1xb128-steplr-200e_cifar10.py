# The paper's baseline on CIFAR-10: a learnt weight vector for each image.
_base_ = './npid_resnet18_1xb128-steplr-200e_cifar10.py'

model = dict(
    head=dict(
        _delete_=True,
        type='ParametricSoftmaxHead',
        length=50000,  # N, the number of training images
        temperature=1.0,  # the paper's has none
    ),
)
