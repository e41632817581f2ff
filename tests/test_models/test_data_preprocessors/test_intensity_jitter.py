"""Brightness and contrast of any channels, against torchvision's on gray images."""

import pytest
import torch
from torchvision.transforms.v2 import functional as F

from npid_mm.models.data_preprocessors.intensity_jitter import IntensityJitter


def test_factors_are_those_of_torchvision(monkeypatch):
    """On values that torchvision does not clip."""
    images = 0.4 + torch.rand(2, 1, 6, 6) / 8
    uniform = torch.tensor([[0.75, 0.5], [0.25, 1.0]]).view(2, 2, 1, 1, 1)
    monkeypatch.setattr(torch, 'rand', lambda *shape: uniform)
    out = IntensityJitter(0.4, 0.6)(images)
    for image, given, factors in zip(out, images, ((1.2, 0.7), (1.0, 1.6)), strict=True):
        wanted = F.adjust_contrast(F.adjust_brightness(given, factors[0]), factors[1])
        torch.testing.assert_close(image, wanted)


def test_each_image_gets_other_factors_and_channels_the_same():
    images = torch.rand(3, 13, 1, 1).expand(-1, -1, 4, 4) * 1000
    out = IntensityJitter(1.0, 0.0)(images)
    ratio = (out / images).mean((2, 3))
    torch.testing.assert_close(ratio, ratio[:, :1].expand(-1, 13))
    assert len(ratio[:, 0].unique()) == 3 and out.max() > 1


def test_invalid_arguments():
    with pytest.raises(ValueError, match='brightness must be'):
        IntensityJitter(brightness=1.5)
    with pytest.raises(ValueError, match='contrast must be'):
        IntensityJitter(contrast=-1)
