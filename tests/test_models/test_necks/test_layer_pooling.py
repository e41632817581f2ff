"""Pooling of the maps of every layer."""

import pytest
import torch

from npid_mm.models import LayerPooling


def maps_of(*sizes, channels=2):
    return [torch.randn(1, channels, size, size) for size in sizes]


def test_pooling_is_the_mean_of_windows():
    """Kernel 2, stride 1, no padding: positions of a window, channel by channel."""
    (image,) = maps_of(3)
    (pooled,) = LayerPooling([(2, 1, 0)])([image])
    expected = [
        image[0, channel, y : y + 2, x : x + 2].mean()
        for channel in range(2)
        for y in range(2)
        for x in range(2)
    ]
    torch.testing.assert_close(pooled[0], torch.stack(expected))


def test_too_small_maps_are_refused():
    with pytest.raises(
        ValueError,
        match=r'the map of feature3 is 12 x 12, smaller than its pool of 13 x 13.*larger images',
    ):
        LayerPooling()(maps_of(112, 56, 12, 14, 7))
    # the padding of the first pool counts
    LayerPooling([(10, 10, 4)])(maps_of(2))
    with pytest.raises(ValueError, match=r'feature1 is 1 x 1'):
        LayerPooling([(10, 10, 4)])(maps_of(1))


def test_other_numbers_of_maps_are_refused():
    with pytest.raises(ValueError, match='the backbone gives 4 maps, but LayerPooling has 5 pools'):
        LayerPooling()(maps_of(56, 28, 14, 7))
