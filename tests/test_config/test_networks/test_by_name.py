"""Networks by name."""

import pytest
import torch
from mmpretrain.registry import MODELS

from npid_mm.config.networks.by_name import network_config
from npid_mm.config.networks.library_weights import library_weights


@pytest.mark.parametrize('name', ['resnet18', 'resnet50', 'resnet18-w16'])
@pytest.mark.parametrize('image_size', [32, 96])
def test_the_stem_fits_the_images(name, image_size):
    backbone = MODELS.build(network_config(name, image_size))
    backbone.eval()  # returns None
    with torch.no_grad():
        (output,) = backbone(torch.zeros(1, 3, image_size, image_size))
    small = image_size == 32 or '-w' in name
    assert output.shape[2] == image_size // (8 if small else 32)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('timm/resnet26', dict(type='LibraryBackbone', library='timm', name='resnet26')),
        ('torchvision/swin_t', dict(type='LibraryBackbone', library='torchvision', name='swin_t')),
        ('mmpretrain/vit_deit-tiny', dict(type='VisionTransformer', arch='deit-tiny')),
        ('mmpretrain/convnext_atto', dict(type='ConvNeXt', arch='atto')),
        ('mmpretrain/mobilenet_v3_small_050', dict(type='MobileNetV3', arch='small_050')),
        ('mmpretrain/efficientnet_b0', dict(type='EfficientNet', arch='b0')),
        ('mmpretrain/swin_tiny', dict(type='SwinTransformer', arch='tiny', pad_small_map=True)),
    ],
)
def test_names_of_other_libraries(name, expected):
    """Networks for one size of images get the size."""
    size = {'LibraryBackbone': 'image_size', 'VisionTransformer': 'img_size'}
    size['SwinTransformer'] = size['VisionTransformer']
    if expected['type'] in size:
        expected = {**expected, size[expected['type']]: 48}
    assert network_config(name, 48) == expected


@pytest.mark.slow
def test_models_of_mmpretrain_s_zoo():
    """Without their frozen stages and the weights that their config would load."""
    backbone = network_config(
        'mmpretrain/vit-base-p16_mae-1600e-pre_8xb2048-linear-coslr-90e_in1k', 48
    )
    assert backbone['type'] == 'VisionTransformer' and backbone['img_size'] == 48
    assert not {'frozen_stages', 'init_cfg'} & backbone.keys()
    assert library_weights('mmpretrain/resnet50_8xb32_in1k').endswith('in1k_20210831-ea4938fc.pth')
    with pytest.raises(ValueError, match=r"'resnet50_8xb32': did you mean mmpretrain/resnet50_8xb"):
        network_config('mmpretrain/resnet50_8xb32', 48)
    with pytest.raises(ValueError, match='has no backbone for images alone: give another model'):
        network_config('mmpretrain/cn-clip_vit-base-p16_zeroshot-cls_cifar100', 48)


def test_a_wrong_name_is_told():
    with pytest.raises(
        ValueError, match=r"got 'resnet5': did you mean resnet\d+.*there are resnet18"
    ):
        network_config('resnet5', 32)
    with pytest.raises(
        ValueError, match="name of a network, got 'vit': there are .*, timm/NAME, torchvision/NAME"
    ):
        network_config('vit', 32)
