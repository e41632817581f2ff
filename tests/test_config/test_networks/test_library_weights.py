"""URLs of the weights that a library has."""

import pytest

from npid_mm.config.networks.library_weights import library_weights


@pytest.mark.parametrize('name', ['resnet18', 'torchvision/resnet18'])
def test_weights_of_torchvision(name):
    assert library_weights(name) == 'https://download.pytorch.org/models/resnet18-f37072fd.pth'


def test_weights_of_timm():
    url = library_weights('timm/vit_small_patch16_224.dino')
    assert url == (
        'https://huggingface.co/timm/vit_small_patch16_224.dino/resolve/main/model.safetensors'
    )


@pytest.mark.parametrize('name', ['resnet18-w16', 'timm/nothing', 'torchvision/nothing'])
def test_networks_without_weights_are_refused(name):
    with pytest.raises(ValueError, match=f"'pretrained' needs .* weights, got model={name}"):
        library_weights(name)
