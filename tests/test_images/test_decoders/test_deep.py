"""Images of more than 8 bits: their values, and their pictures."""

import cv2
import numpy as np
import pytest
from PIL import Image

from npid_mm.images import ImageReader, UnreadableImageError
from npid_mm.images.decoders.deep import stretch

from ..encoded import COLOR, PIXELS, X, encoded

VALUES = (PIXELS.astype(np.uint16) << 4) + np.uint16(X % 16)[..., None]  # 12 bits


@pytest.mark.parametrize(
    'name, content, wanted',
    [
        ('gray PNG', encoded(Image.fromarray(VALUES[..., 0])), VALUES[..., :1]),
        ('gray TIFF', encoded(Image.fromarray(VALUES[..., 0]), 'TIFF'), VALUES[..., :1]),
        ('color PNG', cv2.imencode('.png', VALUES[..., ::-1])[1].tobytes(), VALUES),
        ('color TIFF', cv2.imencode('.tiff', VALUES[..., ::-1])[1].tobytes(), VALUES),
        ('float TIFF', cv2.imencode('.tiff', VALUES[..., ::-1] / np.float32(9))[1].tobytes(), None),
        ('8-bit color', encoded(COLOR), PIXELS),
        ('8-bit gray', encoded(Image.fromarray(PIXELS[..., 1])), PIXELS[..., 1:2]),
        ('palette', encoded(COLOR.quantize(8)), np.asarray(COLOR.quantize(8).convert('RGB'))),
    ],
)
def test_the_values_of_the_file(name, content, wanted):
    if wanted is None:
        wanted = VALUES / np.float32(9)
    reader = ImageReader(channels=wanted.shape[2], value_range=(0, 4095))
    pixels = reader.decode(content)
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, wanted)
    with pytest.raises(UnreadableImageError, match='this reader is for images of 7'):
        ImageReader(channels=7, value_range=(0, 4095)).decode(content)


def test_transparency_is_pasted_on_the_background():
    alpha = (X * 65535 // 89).astype(np.uint16)
    content = cv2.imencode('.png', np.dstack([VALUES[..., ::-1], alpha]))[1].tobytes()
    reader = ImageReader((255, 0, 0), value_range=(0, 4095), channels=3)
    share = alpha[..., None] / 65535
    wanted = share * VALUES + (1 - share) * np.array([4095, 0, 0])
    assert np.abs(reader.decode(content) - wanted).max() < 0.01


def test_the_orientation_is_applied():
    exif = Image.Exif()
    exif[274] = 6
    content = encoded(Image.fromarray(VALUES[..., 0]), exif=exif)
    pixels = ImageReader(value_range=(0, 1), channels=1).decode(content)
    np.testing.assert_array_equal(pixels[..., 0], np.rot90(VALUES[..., 0], -1))


def test_every_file_has_a_picture(tmp_path):
    """Also one that the reader refuses to decode."""
    path = tmp_path / '1.png'
    path.write_bytes(encoded(Image.fromarray(VALUES[..., 0])))
    with pytest.raises(UnreadableImageError, match='keep only 8 bits'):
        ImageReader().read(path)
    picture = ImageReader().picture(path)
    np.testing.assert_array_equal(picture, stretch(VALUES[..., :1].astype(np.float32)))
    path.write_bytes(encoded(COLOR))
    np.testing.assert_array_equal(ImageReader().picture(path), PIXELS)


@pytest.mark.parametrize('channels, shown', [(1, 1), (2, 1), (3, 3), (13, 3)])
def test_a_picture_uses_the_range_of_its_values(channels, shown):
    values = np.random.default_rng(0).normal(300, 9, (40, 50, channels)).astype(np.float32)
    values[0, 0] = 1e6  # one outlier
    picture = stretch(values)
    assert picture.shape == (40, 50, 3) and picture.dtype == np.uint8
    assert picture.min() == 0 and picture.max() == 255 and 30 < picture.std() < 90
    order = [
        np.corrcoef(picture[1:, :, c].flat, values[1:, :, c % shown].flat)[0, 1] for c in range(3)
    ]
    assert min(order) > 0.95
    assert not stretch(np.full((4, 4, 2), 7.0, np.float32)).any()  # one value
