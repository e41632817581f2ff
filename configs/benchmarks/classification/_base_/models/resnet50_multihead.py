# A linear classifier on each of five layers of a frozen ResNet-50
_base_ = './resnet50_layers.py'

model = dict(
    checkpoint=None,  # the pretrained weights: --cfg-options model.checkpoint=PATH
    frozen=True,
    backbone=dict(zero_init_residual=False),  # affects model.checkpoint=random only
    head=dict(type='LayerLinearHead', num_classes=1000),
)
val_evaluator = dict(type='LayerAccuracy', topk=(1, 5))
test_evaluator = val_evaluator
