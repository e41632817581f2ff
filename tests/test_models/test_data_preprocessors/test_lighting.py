"""Lighting noise: along ImageNet's components, clipped at black and white."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from npid_mm.models.data_preprocessors.lighting import Lighting

GRAY = torch.full((4000, 3, 1, 1), 0.5)


def test_the_shift_is_equal_in_all_pixels_and_differs_between_images():
    images = torch.full((3, 3, 4, 4), 0.5)
    shift = Lighting(0.1)(images) - images
    assert torch.equal(shift, shift[:, :, :1, :1].expand_as(shift))
    assert len(shift[:, 0, 0, 0].unique()) == 3


def test_the_covariance_is_that_of_imagenet():
    """The published eigenvalues times alphastd squared."""
    shift = (Lighting(0.1)(GRAY) - GRAY).flatten(1)
    values = torch.linalg.eigvalsh(shift.T.cov())
    expected = (0.1 * torch.tensor([1.1475, 4.7940, 55.4625]) / 255) ** 2
    torch.testing.assert_close(values, expected, rtol=0.1, atol=0)
    # the first component is brightness, in which red, green and blue are correlated
    correlation = shift.T.corrcoef()
    assert correlation.min() > 0.9
    assert shift.mean(0).abs().max() < 1e-3


def test_black_and_white_do_not_wrap_around():
    for value in (0.0, 1.0):
        images = torch.full((200, 3, 2, 2), value)
        out = Lighting(0.1)(images)
        assert out.min() >= 0 and out.max() <= 1
        assert (out - images).abs().max() < 0.15
        assert (out != images).any()


def test_no_noise_changes_nothing():
    images = torch.rand(2, 3, 4, 4)
    assert torch.equal(Lighting(0.0)(images), images)


def test_negative_deviation_is_refused():
    with pytest.raises(ValueError, match='alphastd must be >= 0, got -0.1'):
        Lighting(-0.1)


def test_the_preprocessor_applies_it_in_order_and_in_training_only():
    init_default_scope('mmpretrain')
    preprocessor = MODELS.build(
        dict(
            type='AugmentingDataPreprocessor',
            mean=[0.0] * 3,
            std=[255.0] * 3,
            augments=[
                dict(type='ColorJitter', brightness=(2.0, 2.0), p=1.0),  # all white
                dict(type='Lighting', alphastd=0.1),
            ],
        )
    )
    images = torch.full((50, 3, 2, 2), 200, dtype=torch.uint8)
    batch = dict(inputs=images, data_samples=[DataSample() for _ in images])
    out = preprocessor(batch, True)['inputs']
    assert out.max() == 1 and 0.85 < out.min() < 0.999
    torch.testing.assert_close(preprocessor(batch, False)['inputs'], images / 255)
