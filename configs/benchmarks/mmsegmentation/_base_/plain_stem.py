# The backbone of the segmentation configs. Upstream's is a ResNetV1c, whose stem of three small
# convolutions does not fit NPID weights, and which starts from other pretrained weights.

plain_stem = dict(pretrained=None, backbone=dict(type='ResNet'))
