"""The image reader, compared with OpenCV and Pillow where these are right."""

import io
import os
import sys

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from npid_mm.datasets import LoadImage
from npid_mm.images import ImageReader, UnreadableImageError
from npid_mm.images.header import ORIENTATION

from .encoded import COLOR, PIXELS, X, encoded, opencv


@pytest.mark.parametrize(
    'kind, arguments',
    [
        *((kind, {}) for kind in ('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM')),
        ('JPEG', dict(progressive=True)),
        ('JPEG', dict(quality=30, subsampling=2)),
    ],
)
@pytest.mark.parametrize('mode', ['RGB', 'L'])
def test_ordinary_images_have_the_pixels_of_opencv(kind, arguments, mode):
    content = encoded(COLOR.convert(mode), kind, **arguments)
    np.testing.assert_array_equal(ImageReader().decode(content), opencv(content))


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF'])
def test_orientation_is_honored_in_every_format(kind, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    lossless = dict(lossless=True) if kind == 'WEBP' else {}
    content = encoded(COLOR, kind, exif=exif, **lossless)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    ours = ImageReader().decode(content)[..., ::-1].astype(int)
    assert ours.shape == (shown.height, shown.width, 3)
    assert np.abs(ours - np.asarray(shown)).max() <= 3  # two JPEG decoders
    header = ImageReader().header(content)
    assert (header.height, header.width) == ours.shape[:2]


@pytest.mark.parametrize('background', [(255, 255, 255), (10, 200, 30)])
@pytest.mark.parametrize('kind', ['PNG', 'WEBP', 'TIFF'])
def test_transparent_images_are_pasted_on_the_background(kind, background):
    alpha = np.uint8(X * 255 // 89)
    image = Image.fromarray(np.dstack([PIXELS, alpha]))
    lossless = dict(lossless=True, exact=True) if kind == 'WEBP' else {}
    ours = ImageReader(background=background).decode(encoded(image, kind, **lossless))
    share = alpha[..., None] / 255
    wanted = share * PIXELS + (1 - share) * np.array(background)
    assert np.abs(ours[..., ::-1] - wanted).max() <= 1


def test_black_drawings_on_transparency_are_visible():
    """Without alpha they are black squares."""
    alpha = np.uint8(255 * (PIXELS[..., 0] > 127))
    drawing = Image.fromarray(np.dstack([np.zeros_like(PIXELS), alpha]))
    assert not opencv(encoded(drawing)).any()
    np.testing.assert_array_equal(ImageReader().decode(encoded(drawing))[..., 0], 255 - alpha)
    gray = drawing.convert('LA')
    np.testing.assert_array_equal(ImageReader().decode(encoded(gray))[..., 2], 255 - alpha)


@pytest.mark.parametrize('kind', ['PNG', 'GIF'])
def test_a_transparent_palette_color_becomes_the_background(kind):
    image = COLOR.quantize(8)
    content = encoded(image, kind, transparency=0)
    ours = ImageReader().decode(content)
    clear = np.asarray(image) == 0
    assert clear.any() and (ours[clear] == 255).all()
    np.testing.assert_array_equal(ours[~clear][:, ::-1], np.asarray(image.convert('RGB'))[~clear])


def test_cmyk_images():
    """They are Pillow's, and OpenCV's apart from rounding."""
    content = encoded(COLOR.convert('CMYK'), 'JPEG', quality=95)
    ours = ImageReader().decode(content)
    np.testing.assert_array_equal(ours[..., ::-1], Image.open(io.BytesIO(content)).convert('RGB'))
    assert np.abs(ours.astype(int) - opencv(content)).max() <= 1
    ours = ImageReader().decode(encoded(COLOR.convert('CMYK'), 'TIFF'))[..., ::-1]
    assert np.abs(ours.astype(int) - PIXELS).max() <= 2


@pytest.mark.parametrize(
    'mode, kind, arguments',
    [
        *(('RGB', 'JPEG', dict(subsampling=each)) for each in (0, 1, 2)),
        ('RGB', 'JPEG', dict(progressive=True)),
        ('L', 'JPEG', {}),
        *((mode, 'PNG', {}) for mode in ('RGB', 'L', 'P', '1')),
        *((mode, 'TIFF', {}) for mode in ('RGB', 'L', 'P', 'CMYK', 'YCbCr')),
        *(('RGB', kind, {}) for kind in ('BMP', 'WEBP', 'PPM')),
    ],
)
def test_the_pixels_are_the_same_without_opencv(mode, kind, arguments, monkeypatch):
    content = encoded(COLOR.convert(mode), kind, **arguments)
    with_opencv = ImageReader().decode(content)
    monkeypatch.delitem(sys.modules, 'cv2')
    np.testing.assert_array_equal(ImageReader().decode(content), with_opencv)
    assert 'cv2' not in sys.modules


def deep_files() -> dict[str, bytes]:
    gray, color = PIXELS[..., 0].astype(np.uint16) * 16, PIXELS.astype(np.uint16) * 16
    return {
        'gray PNG': encoded(Image.fromarray(gray)),
        'gray TIFF': encoded(Image.fromarray(gray), 'TIFF'),
        'color PNG': cv2.imencode('.png', color[..., ::-1])[1].tobytes(),
        'color TIFF': cv2.imencode('.tiff', color[..., ::-1])[1].tobytes(),
    }


@pytest.mark.parametrize('name', deep_files())
def test_16_bit_images_need_a_value_range(name):
    """12-bit values, whose upper 8 bits hold 16 levels."""
    content = deep_files()[name]
    with pytest.raises(UnreadableImageError, match='16-bit integers, .* 8 bits: .*value_range'):
        ImageReader().decode(content)
    ours = ImageReader(value_range=(0, 4095)).decode(content)[..., ::-1]
    wanted = PIXELS if 'color' in name else PIXELS[..., :1]
    assert np.abs(ours - wanted * (16.0 * 255 / 4095)).max() <= 0.5
    assert len(np.unique(ours)) > 48  # 16 are left without the scaling


@pytest.mark.parametrize('kind, channels', [(b'P5', 1), (b'P6', 3)])
def test_16_bit_pnm_files_are_refused(kind, channels):
    """Their decoders disagree about the values."""
    values = PIXELS[..., :channels].astype('>u2') * 16
    content = kind + b' 90 60 4095\n' + values.tobytes()
    with pytest.raises(UnreadableImageError, match='has .* integers, .* keep only 8 bits'):
        ImageReader().decode(content)
    with pytest.raises(UnreadableImageError, match='PNM .* convert it to PNG or TIFF'):
        ImageReader(value_range=(0, 4095)).decode(content)


def test_float_images_need_a_value_range():
    content = encoded(Image.fromarray(PIXELS[..., 1].astype(np.float32) / 255), 'TIFF')
    with pytest.raises(UnreadableImageError, match='32-bit floats, .* keep only 8 bits'):
        ImageReader().decode(content)
    ours = ImageReader(value_range=(0, 1)).decode(content)
    np.testing.assert_array_equal(ours, np.repeat(PIXELS[..., 1:2], 3, axis=2))


def test_16_bit_transparent_images_are_pasted_on_the_background():
    values = np.dstack([PIXELS, X * 255 // 89]).astype(np.uint16) * 257
    content = cv2.imencode('.png', values)[1].tobytes()
    ours = ImageReader((0, 0, 255), value_range=(0, 65535)).decode(content)
    share = values[..., 3:] / 65535
    wanted = share * PIXELS + (1 - share) * np.array([255, 0, 0])  # BGR
    assert np.abs(ours - wanted).max() <= 1


def test_files_of_size_0_are_refused_unread():
    """Some below /proc block, and have content."""
    for read in (ImageReader().check, ImageReader().read):
        with pytest.raises(UnreadableImageError, match='the file is empty'):
            read('/proc/self/status')


def test_a_pipe_or_a_folder_is_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / 'folder.jpg').mkdir()
    loader = LoadImage()
    for name in ('pipe.jpg', 'folder.jpg'):
        path = str(tmp_path / name)
        for read in (ImageReader().check, ImageReader().read):
            with pytest.raises(UnreadableImageError, match='it is not a regular file'):
                read(path)
        with pytest.raises(UnreadableImageError, match=rf'cannot read .*{name}: it is not a reg'):
            loader.transform(dict(img_path=path))


def test_checking_a_file_looks_at_its_end(tmp_path):
    path = tmp_path / 'image.jpg'
    content = encoded(COLOR, 'JPEG')
    path.write_bytes(content)
    ImageReader().check(path)
    path.write_bytes(content[:-2])
    with pytest.raises(UnreadableImageError, match='cut off'):
        ImageReader().check(path)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(channels=0), r'channels must be in 1\.\.1024, got 0'),
        (dict(channels=2), 'value_range must be given with channels=2: .* black and white'),
        (dict(background='white'), "background must be red, green and blue in 0..255, got 'white'"),
        (dict(background=(0, 0, 256)), 'background must be .*256'),
        (dict(max_pixels=0), 'max_pixels must be in 1..178956970, got 0'),
        (dict(value_range=(1, 1)), r'value_range must be two different numbers, .*\(1, 1\)'),
        (dict(value_range=(0, float('nan'))), 'value_range must be .*nan'),
        (dict(value_range=4095), 'value_range must be .*4095'),
    ],
)
def test_invalid_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**arguments)
