"""Resizing of any channels, against Pillow on each channel."""

import numpy as np
from PIL import Image

from npid_mm.datasets import ResizeChannels


def test_each_channel_is_resized_by_pillow():
    image = np.random.default_rng(0).normal(0, 1000, (40, 20, 5)).astype(np.float32)
    results = ResizeChannels(scale=10).transform(dict(img=image))
    assert results['img'].shape == (20, 10, 5) and results['img_shape'] == (20, 10)
    for channel in range(5):
        wanted = Image.fromarray(image[..., channel]).resize((10, 20), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(results['img'][..., channel], wanted)


def test_an_image_of_the_size_keeps_its_values():
    image = np.random.default_rng(0).normal(0, 1, (8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(ResizeChannels(8).transform(dict(img=image))['img'], image)
