"""The neck's width and pooling, from the backbone."""

import pytest
import torch
from mmpretrain.registry import MODELS

from npid_mm.config.networks.by_name import network_config
from npid_mm.config.networks.fit_neck import fit_neck, image_shape
from tests.shipped import shipped_config
from tests.toy import DIGITS_CONFIG


@pytest.fixture(scope='module')
def cfg():
    return shipped_config(DIGITS_CONFIG)


@pytest.mark.parametrize(
    ('name', 'width', 'axes'),
    [
        ('resnet18-w16', 128, 2),
        ('mmpretrain/mobilenet_v3_small_050', 288, 2),
        ('mmpretrain/vit_deit-tiny', 192, 0),
        ('timm/test_vit', 64, 0),
    ],
)
def test_the_neck_fits_the_backbone(cfg, name, width, axes):
    cfg.model.backbone = network_config(name, image_shape(cfg)[-1])
    state = torch.random.get_rng_state()
    backbone = fit_neck(cfg)
    assert (cfg.model.neck.in_channels, cfg.model.neck.gap_dim) == (width, axes)
    assert torch.equal(torch.random.get_rng_state(), state)
    neck = MODELS.build(cfg.model.neck)
    with torch.no_grad():
        assert neck(backbone(torch.zeros(2, *image_shape(cfg))))[-1].shape == (2, cfg.feat_dim)


def test_backbones_that_do_not_fit_are_told(cfg):
    raw = network_config('mmpretrain/vit_deit-tiny', image_shape(cfg)[-1])
    cfg.model.backbone = dict(raw, out_type='raw')
    with pytest.raises(ValueError, match=r'must give .* got \(1, \d+, 192\): set .*out_type to'):
        fit_neck(cfg)
    cfg.model.backbone = network_config('mmpretrain/convnext_atto', 16)
    with pytest.raises(ValueError, match=r'take images of 16 x 16 pixels \(.+\): give another im'):
        fit_neck(cfg)
