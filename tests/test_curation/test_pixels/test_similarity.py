"""Similarity of pixels for copies of every kind, and for other images."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.ImageEnhance import Brightness

from npid_mm.curation import pixel_similarity
from tests.test_curation.scenes import scene


def encoded(image, quality=30):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, 'jpeg', quality=quality)
    return np.asarray(Image.open(stream))


COPIES = {
    'same': lambda image: image,
    'quality': encoded,
    'crop': lambda image: image[9:92, 4:120],
    'mirror': lambda image: image[:, ::-1],
    'resize': lambda image: np.asarray(Image.fromarray(image).resize((50, 40))),
    'brighter': lambda image: np.asarray(Brightness(Image.fromarray(image)).enhance(1.3)),
    'gray': lambda image: image.mean(axis=2).astype(np.uint8),
}  # fmt: skip


@pytest.mark.parametrize('kind', COPIES)
def test_copies_agree(kind):
    image = scene(0)
    copy = COPIES[kind](image)
    assert pixel_similarity(image, copy) > 0.95
    assert pixel_similarity(copy, image) == pytest.approx(pixel_similarity(image, copy))


def test_other_images_do_not():
    values = [pixel_similarity(scene(0), scene(seed)) for seed in range(1, 9)]
    assert max(values) < 0.8


def test_an_image_of_one_color_agrees_with_none():
    flat = np.full((20, 20, 3), 128, np.uint8)
    assert pixel_similarity(flat, flat) == 0


@pytest.mark.parametrize('wrong', [np.zeros((4, 4), np.float32), np.zeros((4, 4, 4), np.uint8)])
def test_other_arrays_are_refused(wrong):
    with pytest.raises(ValueError, match=r'an image must be .* of uint8, got \(4, 4'):
        pixel_similarity(wrong, wrong)
