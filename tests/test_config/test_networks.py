"""Networks by name."""

import pytest
import torch
from mmpretrain.registry import MODELS

from npid_mm.config.networks import network_config


@pytest.mark.parametrize('name', ['resnet18', 'resnet50', 'resnet18-w16'])
@pytest.mark.parametrize('image_size', [32, 96])
def test_the_neck_fits_the_backbone(name, image_size):
    settings = network_config(name, image_size)
    backbone = MODELS.build(settings['backbone'])
    backbone.eval()  # returns None
    with torch.no_grad():
        (output,) = backbone(torch.zeros(1, 3, image_size, image_size))
    assert output.shape[1] == settings['neck']['in_channels']
    small = image_size == 32 or '-w' in name
    assert output.shape[2] == image_size // (8 if small else 32)


def test_a_wrong_name_is_told():
    with pytest.raises(
        ValueError, match=r"got 'resnet5': did you mean resnet\d+.*there are resnet18"
    ):
        network_config('resnet5', 32)
    with pytest.raises(
        ValueError, match="name of a network, got 'vit': there are resnet18, resnet34"
    ):
        network_config('vit', 32)
