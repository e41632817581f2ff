"""Preprocessing from JSON: files, arrays, and refused settings."""

import json
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pytest

from npid_mm.images import UnreadableImageError
from npid_mm.images.preprocessing import Preprocessing
from tests.test_images.encoded import COLOR, encoded, opencv

EDGE = dict(type='resize_edge', edge='short', size=20, library='pillow', filter='bilinear')
SETTINGS = dict(
    format=1,
    read=dict(background=[255, 0, 0], max_pixels=10_000, value_range=None),
    steps=[EDGE, dict(type='center_crop', width=16, height=16)],
    size=[16, 16],
)


def changed(*place, value):
    settings = deepcopy(SETTINGS)
    where = settings
    for key in place[:-1]:
        where = where[key]
    where[place[-1]] = value
    return settings


def test_a_file_and_its_pixels_give_the_same(tmp_path):
    prepare = Preprocessing(SETTINGS)
    COLOR.save(tmp_path / 'a.png')
    pixels = prepare(tmp_path / 'a.png')
    np.testing.assert_array_equal(pixels, prepare(opencv(encoded(COLOR))))
    expected = np.asarray(COLOR.resize((30, 20), 2))[2:18, 7:23]
    np.testing.assert_array_equal(pixels, expected)


def test_it_comes_back_from_json():
    prepare = Preprocessing.from_json(Preprocessing(SETTINGS).to_json().encode())
    assert prepare.settings == SETTINGS and prepare.size == (16, 16)


def test_transparency_and_limits_are_those_of_the_reader(tmp_path):
    image = COLOR.copy()
    image.putalpha(0)
    image.save(tmp_path / 'a.png')
    assert (Preprocessing(SETTINGS)(tmp_path / 'a.png') == (255, 0, 0)).all()
    prepare = Preprocessing(changed('read', 'max_pixels', value=100))
    with pytest.raises(UnreadableImageError, match='and max_pixels allows 100'):
        prepare(tmp_path / 'a.png')


def test_a_narrow_image_is_not_resized_to_a_huge_one():
    with pytest.raises(UnreadableImageError, match='would be resized to 20 x 180000: crop it'):
        Preprocessing(SETTINGS)(np.zeros((9000, 1, 3), np.uint8))


@pytest.mark.parametrize(
    'settings, message',
    [
        ([], 'the preprocessing must have the keys format, read, steps, size'),
        (changed('code', value='import os'), 'the preprocessing must have the keys'),
        (changed('format', value=2), 'must be of format 1, got 2'),
        (changed('read', value={}), 'read must have the keys background'),
        (changed('read', 'max_pixels', value=10**12), 'max_pixels must be in'),
        (changed('read', 'channels', value=2), 'value_range must be given with channels=2'),
        (changed('read', 'channels', value=1 << 20), 'channels must be in 1..1024'),
        (changed('read', 'background', value='white'), 'background must be red'),
        (changed('steps', value=EDGE), 'steps must be a list of at most 16'),
        (changed('steps', value=[EDGE] * 17), 'steps must be a list of at most 16'),
        (changed('steps', 0, value='resize'), 'a step must be of type resize, resize_edge or'),
        (changed('steps', 0, 'type', value='eval'), 'a step must be of type'),
        (changed('steps', 0, 'size', value=10**9), 'size must be in 1..4,096, got 1000000000'),
        (changed('steps', 0, 'size', value=True), 'size must be in 1..4,096, got True'),
        (changed('steps', 0, 'edge', value='__class__'), 'edge must be one of short'),
        (changed('steps', 0, 'filter', value=[]), 'library and filter must be'),
        (changed('steps', 0, 'library', value='opencv2'), 'library and filter must be'),
        (changed('steps', 1, 'width', value=0), 'width must be in 1..4,096, got 0'),
        (changed('steps', 1, 'path', value='/'), 'center_crop must have the keys'),
        (changed('size', value=[16]), 'size must be height and width'),
        (changed('size', value=[16, 1 << 40]), 'size must be in 1..4,096'),
    ],
)
def test_other_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        Preprocessing.from_json(json.dumps(settings).encode())
    assert '\n' not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize('content', [b'', b'\xff\xfe', b'[' * 60_000, b'{}' * 40_000])
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match='the preprocessing '):
        Preprocessing.from_json(content)


def test_channels_keep_their_values():
    """Resized and cropped, if the result is not too large for the limit of pixels."""
    read = dict(background=[0, 0, 0], max_pixels=1000, value_range=[0, 1], channels=30)
    edge = dict(type='resize_edge', edge='short', size=8, library='pillow', filter='bilinear')
    crop = dict(type='center_crop', width=8, height=8)
    settings = dict(format=1, read=read, steps=[edge, crop], size=[8, 8])
    image = np.random.default_rng(0).normal(0, 1e6, (8, 10, 30)).astype(np.float32)
    prepared = Preprocessing(settings)(image)
    assert prepared.dtype == np.float32
    np.testing.assert_array_equal(prepared, image[:, 1:9])
    edge['size'] = 10  # 10 x 12 pixels of 30 channels are as much as 1,200 of three
    with pytest.raises(UnreadableImageError, match='would be resized to 12 x 10: crop it'):
        Preprocessing(settings)(image)
    with pytest.raises(UnreadableImageError, match=r'must be \(H, W, 30\) of numbers, got'):
        Preprocessing(settings)(image[..., :3])


def test_opencv_and_torch_are_not_imported(tmp_path):
    """And the pixels are the same without them."""
    (tmp_path / 'a.jpg').write_bytes(encoded(COLOR, 'JPEG'))
    code = (
        'import sys; from npid_mm.images.preprocessing import Preprocessing; '
        f'image = Preprocessing({SETTINGS!r})(sys.argv[1]); '
        'print(len({"cv2", "torch", "mmengine"} & sys.modules.keys()), image.tobytes().hex())'
    )
    command = [sys.executable, '-c', code, str(tmp_path / 'a.jpg')]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    expected = Preprocessing(SETTINGS)(opencv(encoded(COLOR, 'JPEG')))
    assert printed.split() == ['0', expected.tobytes().hex()]
