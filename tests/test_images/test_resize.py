"""Resized pixels are those of OpenCV and Pillow."""

import cv2
import numpy as np
import pytest
from PIL import Image

from npid_mm.images.resize import resize_as_opencv, resize_as_pillow


@pytest.mark.parametrize('seed', range(40))
def test_every_pixel_is_that_of_opencv(seed):
    """Also at the same size, at half the size and with one row."""
    random = np.random.default_rng(seed)
    height, width, rows, columns = (int(each) for each in random.integers(1, 200, 4))
    if seed % 4 == 0:
        rows, columns = max(height // 2, 1), max(width // 2, 1)
    if seed % 5 == 0:
        rows, columns = height, width
    if seed % 7 == 0:
        height = 1
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(resize_as_opencv(image, columns, rows), expected)


def test_pillow():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    expected = Image.fromarray(image).resize((20, 30), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(resize_as_pillow(image, 20, 30, 'bicubic'), expected)
