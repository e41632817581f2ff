"""Similarity of pixels for copies of every kind, and for other images."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.ImageEnhance import Brightness
from sklearn.datasets import load_digits

from npid_mm.curation import pixel_similarity
from tests.test_curation.scenes import scene


def encoded(image, quality=30):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, 'jpeg', quality=quality)
    return np.asarray(Image.open(stream))


def small(image):
    return np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BOX))


LIMIT = 0.985  # the default of npid curate
COPIES = {
    'same': lambda image: image,
    'quality': encoded,
    'crop': lambda image: image[9:92, 4:120],
    'mirror': lambda image: image[:, ::-1],
    'resize': lambda image: np.asarray(Image.fromarray(image).resize((50, 40))),
    'brighter': lambda image: np.asarray(Brightness(Image.fromarray(image)).enhance(1.3)),
    'off center': lambda image: image[:88, 9:],
    'darker': lambda image: np.asarray(Brightness(Image.fromarray(image)).enhance(0.6)),
    'all at once': lambda image: encoded(image[5:90, ::-1][:, 3:120]),
    'small': lambda image: encoded(small(image)),
    'gray': lambda image: np.asarray(Image.fromarray(image).convert('L')),
}  # fmt: skip


@pytest.mark.parametrize('kind', COPIES)
def test_copies_agree(kind):
    image = scene(1)
    copy = COPIES[kind](image)
    assert pixel_similarity(image, copy) > LIMIT
    assert pixel_similarity(copy, image) == pytest.approx(pixel_similarity(image, copy), abs=0.005)


def test_other_images_do_not():
    values = [pixel_similarity(scene(0), scene(seed)) for seed in range(1, 9)]
    assert max(values) < 0.8


def test_look_alikes_do_not():
    """The same shading with other details, and digits of one class, which correlate by 0.9."""
    shading = 60 + 100 * (np.arange(128) / 128) + np.zeros((96, 1))
    other = [
        np.clip(shading + np.random.default_rng(seed).normal(0, 20, (96, 128)), 0, 255)
        for seed in (0, 1)
    ]
    assert pixel_similarity(*(each.astype(np.uint8) for each in other)) < 0.5
    images, classes = load_digits(return_X_y=True)
    ones = (images[classes == 1][:12].reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    ones = [np.asarray(Image.fromarray(one).resize((32, 32))) for one in ones]
    values = [pixel_similarity(ones[i], ones[j]) for i in range(12) for j in range(i)]
    correlation = np.corrcoef(np.reshape(ones, (12, -1)))[np.tril_indices(12, -1)]
    assert correlation.max() > 0.9 and max(values) < LIMIT


def test_an_image_of_one_color_agrees_with_none():
    flat = np.full((20, 20, 3), 128, np.uint8)
    assert pixel_similarity(flat, flat) == 0


@pytest.mark.parametrize('wrong', [np.zeros((4, 4), np.float32), np.zeros((4, 4, 4), np.uint8)])
def test_other_arrays_are_refused(wrong):
    with pytest.raises(ValueError, match=r'an image must be .* of uint8, got \(4, 4'):
        pixel_similarity(wrong, wrong)
