"""Truncated, oversized and foreign files, which are refused by their header or their end."""

import runpy
import tracemalloc

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from npid_mm.images import ImageReader, UnreadableImageError, header

from .encoded import COLOR, encoded, opencv, png_of

pillow_heif.register_heif_opener()
FORMATS = ('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM', 'GIF', 'AVIF', 'HEIF')


@pytest.mark.parametrize('share', [0.05, 0.5, 0.95, 0.99])
@pytest.mark.parametrize('kind', FORMATS)
def test_truncated_files_are_unreadable(kind, share):
    content = encoded(COLOR, kind)
    with pytest.raises(UnreadableImageError):
        ImageReader().decode(content[: int(share * len(content))])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_image():
    """A camera's header holds a whole JPEG."""
    thumbnail = encoded(COLOR.resize((16, 12)), 'JPEG')
    content = encoded(COLOR, 'JPEG')
    size = (len(thumbnail) + 2).to_bytes(2, 'big')
    content = content[:2] + b'\xff\xed' + size + thumbnail + content[2:]
    np.testing.assert_array_equal(ImageReader().decode(content), opencv(content))
    with pytest.raises(UnreadableImageError, match='cut off'):
        ImageReader().decode(content[:-100])


def test_bytes_after_a_whole_jpeg_are_ignored():
    """Phones append videos, and file systems zeros."""
    content = encoded(COLOR, 'JPEG')
    for more in (bytes(5000), b'\xff\xda' + bytes(range(256)) * 9):
        np.testing.assert_array_equal(ImageReader().decode(content + more), opencv(content))


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'', 'the file is empty'),
        (b'<html>403 Forbidden</html>', 'not an image of a known format'),
        (b'\x00\x05\x16\x07' + bytes(200), 'not an image of a known format'),
        (encoded(COLOR, 'EPS'), 'not an image of a known format'),  # would start Ghostscript
        (png_of(20000, 20000, 1), 'more than 178,956,970 pixels: scale it down'),
    ],
)
def test_other_files_are_refused_with_a_plain_reason(content, reason, tmp_path):
    path = tmp_path / 'image.jpg'
    path.write_bytes(content)
    for read in (lambda: ImageReader().decode(content), lambda: ImageReader().check(path)):
        with pytest.raises(UnreadableImageError, match=reason) as error:
            read()
        assert '\n' not in str(error.value) and 'BytesIO' not in str(error.value)


def test_max_pixels_bounds_the_memory():
    content = png_of(3000, 2000, 2000)
    tracemalloc.start()
    with pytest.raises(
        UnreadableImageError, match=r'3000 x 2000 = 6,000,000 pixels, .* allows 5,000,000'
    ):
        ImageReader(max_pixels=5_000_000).decode(content)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert ImageReader(max_pixels=6_000_000).decode(content).shape == (2000, 3000, 3)


def test_the_limit_does_not_depend_on_that_of_pillow(monkeypatch):
    """Scripts set it to None to read large images."""
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', None)
    assert runpy.run_module(header.__name__)['MAX_PIXELS'] == 178_956_970
