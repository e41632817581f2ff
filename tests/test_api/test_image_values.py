"""Configs of images of other values than 8-bit color."""

import pytest
from mmengine.config import Config
from mmpretrain.registry import MODELS

from npid_mm.api.image_values import use_values
from npid_mm.api.prepare import CONFIG
from npid_mm.config.read_config import read_config
from npid_mm.images.measure import ImageValues

COLOR = ImageValues(3, [9.0, 8.0, 7.0], [1.0, 2.0, 3.0], 0.0, 4095.0, True, '16-bit')


def changed(values, backbone=None) -> Config:
    cfg = read_config(CONFIG, {'image_size': 32})
    cfg.model.backbone = backbone or cfg.model.backbone
    use_values(cfg, values)
    return cfg


def kinds(pipeline):
    return [step['type'] for step in pipeline]


def test_every_data_set_keeps_the_values():
    cfg = changed(COLOR)
    train = cfg.train_dataloader.dataset.dataset.pipeline
    assert kinds(train) == ['LoadRandomResizedCrop', 'RandomFlip', 'PackInputs']
    tests = [
        loader.dataset.pipeline
        for loader in (cfg.val_dataloader, cfg.test_dataloader, cfg.test_cfg.reference)
    ]
    for pipeline in tests:
        assert kinds(pipeline) == ['LoadImage', 'ResizeChannels', 'CenterCrop', 'PackInputs']
    for loading in (train[0], *(pipeline[0] for pipeline in tests)):
        assert loading.channels == 3 and tuple(loading.value_range) == (0, 4095)
    assert 'in_channels' not in cfg.model.backbone
    settings = cfg.model.data_preprocessor
    assert settings.mean == COLOR.mean and settings.std == COLOR.std
    assert 'bgr_to_rgb' not in settings


def test_the_first_convolution_takes_the_channels():
    values = COLOR._replace(channels=5, mean=[0] * 5, std=[1] * 5)
    backbone = changed(values).model.backbone
    assert MODELS.build(backbone).conv1.in_channels == 5
    library = dict(type='LibraryBackbone', library='timm', name='test_convnext')
    assert MODELS.build(changed(values, library).model.backbone).network.stem[0].in_channels == 5
    message = (
        'model must take images of 5 channels, and MobileNetV3 takes color only: give a ResNet'
    )
    with pytest.raises(ValueError, match=message):
        changed(values, dict(type='MobileNetV3'))
    library['library'], library['name'] = 'torchvision', 'resnet18'
    with pytest.raises(ValueError, match='torchvision take images of 3 channels, got 5: give one'):
        MODELS.build(changed(values, library).model.backbone)


def test_colors_change_only_in_color_images():
    color = changed(COLOR).model.data_preprocessor.augments
    assert kinds(color) == ['ColorJitter', 'RandomGrayscale']
    assert (color[0].saturation, color[0].hue, color[0].p, color[1].p) == (0.4, 0.1, 1, 0.2)
    other = changed(COLOR._replace(color=False)).model.data_preprocessor.augments
    assert other == [dict(type='IntensityJitter', brightness=0.4, contrast=0.4)]
