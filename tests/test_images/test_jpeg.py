"""Crops of a JPEG by libjpeg-turbo, compared with OpenCV's decoding of the whole."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from npid_mm.images import jpeg

SUBSAMPLING = {'4:4:4': 0, '4:2:2': 1, '4:2:0': 2}
FLAGS = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}


def content(image: Image.Image, **arguments) -> bytes:
    file = io.BytesIO()
    image.save(file, 'JPEG', **arguments)
    return file.getvalue()


@pytest.fixture(scope='module')
def photograph():
    """Coarse noise of odd size, smooth enough for chroma subsampling."""
    pixels = np.random.default_rng(0).integers(0, 256, (17, 13, 3), np.uint8)
    return Image.fromarray(pixels).resize((211, 307), Image.Resampling.BICUBIC)


def test_the_library_is_installed():
    """Without it, the tests of files that it leaves to other decoders prove nothing."""
    assert jpeg._library() is not None


@pytest.mark.parametrize('subsampling', SUBSAMPLING)
@pytest.mark.parametrize('factor', FLAGS)
@pytest.mark.parametrize('box', [(0, 0, 40, 30), (13, 21, 37, 29), (5, 33, 60, 17)])
def test_a_crop_equals_that_of_the_whole_image(photograph, subsampling, factor, box):
    """Except at its border, where chroma is interpolated from fewer pixels."""
    data = content(photograph, quality=95, subsampling=SUBSAMPLING[subsampling])
    top, left, height, width = box
    part = jpeg.decode_jpeg_crop(data, *box, factor)
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), FLAGS[factor]).astype(int)
    expected = whole[top : top + height, left : left + width]
    assert part.shape == expected.shape
    difference = np.abs(part - expected)
    assert difference[2:-2, 2:-2].max() <= 3
    assert difference.mean() < 1


def test_a_crop_is_clipped_at_the_border(photograph):
    """Rounding may add a row or column to a reduced crop."""
    data = content(photograph)
    assert jpeg.decode_jpeg_crop(data, 300, 200, 20, 20).shape == (7, 11, 3)
    assert jpeg.decode_jpeg_crop(data, 0, 0, 999, 999, 2).shape == (154, 106, 3)


def test_gray_comes_as_three_channels(photograph):
    part = jpeg.decode_jpeg_crop(content(photograph.convert('L')), 3, 5, 20, 30)
    assert part.shape == (20, 30, 3)
    assert (part == part[..., :1]).all()


def test_files_that_it_cannot_read_are_left_to_other_decoders(photograph):
    """Truncated files too: half an image must not pass for a whole one."""
    whole = content(photograph)
    cmyk = content(photograph.convert('CMYK'))
    for data in (b'', b'no image', b'\xff\xd8\xff\xe0 cut off', cmyk, whole[: len(whole) // 2]):
        assert jpeg.decode_jpeg_crop(data, 0, 0, 300, 200) is None


def test_without_the_library_nothing_is_decoded(photograph, monkeypatch):
    monkeypatch.setattr(jpeg, '_library', lambda: None)
    assert jpeg.decode_jpeg_crop(content(photograph), 0, 0, 8, 8) is None


def test_unusable_libraries_are_skipped(tmp_path, monkeypatch):
    """One for another machine, and TurboJPEG 2, which has no cropping."""
    broken = tmp_path / 'libturbojpeg.so'
    broken.write_text('for another machine')
    monkeypatch.setattr(jpeg, 'find_library', lambda _: str(broken))
    monkeypatch.setattr(jpeg, '_packaged', list)
    assert jpeg._library.__wrapped__() is None
    monkeypatch.setattr(jpeg.ctypes, 'CDLL', lambda _: object())
    assert jpeg._library.__wrapped__() is None
