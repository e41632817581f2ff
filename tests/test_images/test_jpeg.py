"""Parts of a JPEG by libjpeg-turbo, against Pillow's and OpenCV's decoding of the whole."""

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


def test_the_library_is_here():
    """The tests below would pass by None alone."""
    assert jpeg._library() is not None


@pytest.mark.parametrize('subsampling', SUBSAMPLING)
@pytest.mark.parametrize('factor', FLAGS)
@pytest.mark.parametrize('box', [(0, 0, 40, 30), (13, 21, 37, 29), (5, 33, 60, 17)])
def test_part_equals_that_of_the_whole(photograph, subsampling, factor, box):
    """Chroma next to the rim of a part may be interpolated from less: the rest is equal."""
    data = content(photograph, quality=95, subsampling=SUBSAMPLING[subsampling])
    top, left, height, width = box
    part = jpeg.decode_jpeg_crop(data, *box, factor)
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), FLAGS[factor]).astype(int)
    expected = whole[top : top + height, left : left + width]
    assert part.shape == expected.shape
    difference = np.abs(part - expected)
    assert difference[2:-2, 2:-2].max() <= 3
    assert difference.mean() < 1


def test_what_lies_outside_is_cut_off(photograph):
    """Rounding of a reduced crop may name one row or column too many."""
    data = content(photograph)
    assert jpeg.decode_jpeg_crop(data, 300, 200, 20, 20).shape == (7, 11, 3)
    assert jpeg.decode_jpeg_crop(data, 0, 0, 999, 999, 2).shape == (154, 106, 3)


def test_gray_comes_as_three_channels(photograph):
    part = jpeg.decode_jpeg_crop(content(photograph.convert('L')), 3, 5, 20, 30)
    assert part.shape == (20, 30, 3)
    assert (part == part[..., :1]).all()


@pytest.mark.parametrize(
    'data', [b'', b'no image', b'\xff\xd8\xff\xe0 cut off'], ids=['empty', 'text', 'header']
)
def test_unreadable_files_are_left_to_others(data):
    assert jpeg.decode_jpeg_crop(data, 0, 0, 8, 8) is None


def test_cut_file_is_left_to_others(photograph):
    """Half of an image must not pass for one."""
    data = content(photograph)
    assert jpeg.decode_jpeg_crop(data[: len(data) // 2], 0, 0, 300, 200) is None


def test_cmyk_is_left_to_others(photograph):
    assert jpeg.decode_jpeg_crop(content(photograph.convert('CMYK')), 0, 0, 8, 8) is None


def test_without_the_library(photograph, monkeypatch):
    monkeypatch.setattr(jpeg, '_library', lambda: None)
    assert jpeg.decode_jpeg_crop(content(photograph), 0, 0, 8, 8) is None


def test_a_library_that_does_not_load_is_passed_over(tmp_path, monkeypatch):
    broken = tmp_path / 'libturbojpeg.so'
    broken.write_text('for another machine')
    monkeypatch.setattr(jpeg, 'find_library', lambda _: str(broken))
    monkeypatch.setattr(jpeg, '_packaged', list)
    assert jpeg._library.__wrapped__() is None


def test_an_old_library_is_passed_over(monkeypatch):
    """TurboJPEG 2 has no cropping."""
    monkeypatch.setattr(jpeg, 'find_library', lambda _: None)
    monkeypatch.setattr(jpeg, '_packaged', lambda: ['old'])
    monkeypatch.setattr(jpeg.ctypes, 'CDLL', lambda _: object())
    assert jpeg._library.__wrapped__() is None
