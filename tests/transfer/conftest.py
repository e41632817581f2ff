"""Fixtures of the tests that need MMDetection or MMSegmentation."""

import pytest
import torch
from torchvision.models import resnet50

from tests import detection_layouts
from tests.scenes import make_scenes

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.fixture(scope='session')
def npid_checkpoint(digits, tmp_path_factory):
    """Path of a checkpoint of an NPID with ResNet-50, in the layout of a training.

    The weights are random. The norms have the statistics of scenes, so that activations stay in
    range where norms are frozen, and their scales and shifts are not the initial ones.
    """
    torch.manual_seed(0)
    backbone = resnet50()
    for module in backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight, 1, 0.1)
            torch.nn.init.normal_(module.bias, 0, 0.1)
            module.momentum = None  # plain average over all images
    images = torch.stack([torch.as_tensor(image) for image, _ in make_scenes(digits, 'train', 8)])
    images = (images - torch.tensor(MEAN)) / torch.tensor(STD)
    with torch.no_grad():
        backbone.train()(images.permute(0, 3, 1, 2))
    del backbone.fc
    state = {f'backbone.{name}': value for name, value in backbone.state_dict().items()}
    state['neck.fc.weight'], state['neck.fc.bias'] = torch.randn(128, 2048), torch.randn(128)
    state['memory_bank.feature_bank'] = torch.randn(16, 128)
    path = tmp_path_factory.mktemp('npid') / 'epoch_200.pth'
    torch.save(dict(meta=dict(epoch=200, iter=200), state_dict=state), path)
    return path


@pytest.fixture(scope='session')
def detection_data(digits, tmp_path_factory):
    """Folder of data sets: scenes of digits as a VOC devkit and as COCO."""
    root = tmp_path_factory.mktemp('detection')
    detection_layouts.write_voc_devkit(digits, root)
    detection_layouts.write_coco(digits, root / 'coco')
    return root
