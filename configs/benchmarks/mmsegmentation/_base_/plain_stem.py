# What the segmentation configs merge into `model`: upstream's ResNetV1c has three small
# convolutions for a stem, which NPID weights cannot enter, and weights of its own to start from

plain_stem = dict(pretrained=None, backbone=dict(type='ResNet'))
