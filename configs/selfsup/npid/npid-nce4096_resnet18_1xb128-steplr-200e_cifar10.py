# The paper's CIFAR-10 network with NCE; num_negatives of 1, 10 and 512 give its other rows.
_base_ = './npid_resnet18_1xb128-steplr-200e_cifar10.py'

model = dict(
    head=dict(type='NCEHead', num_negatives=4096),  # M
)
