# NPID with a ResNet-50 and a head of two linear layers; the loss is the recipe's
_base_ = './npid_resnet50.py'

model = dict(
    neck=dict(
        _delete_=True,
        type='MoCoV2Neck',  # pooling, linear, ReLU, linear
        in_channels=2048,
        hid_channels=2048,
        out_channels=128,  # D, dimension of an embedding; the bank follows
    ),
)
