"""The network that --model of the quickstart names."""

import pytest

from npid_mm.cli.quickstart import command
from npid_mm.config.networks.fit_neck import fit_neck


def read(*arguments):
    return command._read_config(str(command.DIGITS), command.parse_args(list(arguments)))


def test_the_network_takes_the_place_of_the_config_s():
    options = ['--cfg-options', 'model.backbone.global_pool=avg', 'model.head.temperature=0.5']
    cfg = read('--model', 'timm/test_efficientnet', *options)
    assert cfg.model.backbone == dict(
        type='LibraryBackbone', library='timm', name='test_efficientnet', image_size=24
    )
    assert cfg.model.head.temperature == 0.5
    cfg.merge_from_dict({'model.backbone.global_pool': 'avg'})  # as own_images_config does
    fit_neck(cfg)
    assert cfg.model.neck.in_channels == 256


def test_an_option_that_the_network_lacks_is_refused():
    with pytest.raises(ValueError, match=r"model.backbone has no 'out_type'"):
        read('--model', 'timm/test_efficientnet', '--cfg-options', 'model.backbone.out_type=raw')
