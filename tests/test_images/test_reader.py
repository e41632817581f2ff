"""One reader for all image files, against OpenCV and Pillow where these are right."""

import io
import os
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from npid_mm.datasets import LoadImage
from npid_mm.images import ImageReader, UnreadableImageError
from npid_mm.images.header import ORIENTATION

Y, X = np.mgrid[:60, :90]
PIXELS = np.uint8(
    127 + 100 * np.stack([np.sin(X / 9), np.cos(Y / 7), np.sin((X + 2 * Y) / 11)], -1)
)
COLOR = Image.fromarray(PIXELS)
FORMATS = ('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM', 'GIF')


def encoded(image: Image.Image, kind: str = 'PNG', **arguments) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **arguments)
    return file.getvalue()


def opencv(content: bytes, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), flags)


def png_of(width: int, height: int, rows: int) -> bytes:
    """A gray PNG of one value, a thousandth of its pixels, of which ``rows`` are there."""

    def chunk(name, data):
        return (
            struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
        )

    row = b'\0' + b'\x55' * width
    packer = zlib.compressobj(1)
    body = b''.join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + chunk(b'IDAT', body) + chunk(b'IEND', b'')


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM'])
@pytest.mark.parametrize('mode', ['RGB', 'L'])
def test_ordinary_images_have_the_pixels_of_opencv(kind, mode):
    """Those that a training had before there was this reader."""
    content = encoded(COLOR.convert(mode), kind)
    np.testing.assert_array_equal(ImageReader().decode(content), opencv(content))


@pytest.mark.parametrize('arguments', [dict(progressive=True), dict(quality=30, subsampling=2)])
def test_other_jpegs_have_the_pixels_of_opencv(arguments):
    content = encoded(COLOR, 'JPEG', **arguments)
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
def test_transparency_is_laid_on_the_background(kind, background):
    alpha = np.uint8(X * 255 // 89)
    image = Image.fromarray(np.dstack([PIXELS, alpha]))
    lossless = dict(lossless=True, exact=True) if kind == 'WEBP' else {}
    ours = ImageReader(background=background).decode(encoded(image, kind, **lossless))
    share = alpha[..., None] / 255
    wanted = share * PIXELS + (1 - share) * np.array(background)
    assert np.abs(ours[..., ::-1] - wanted).max() <= 1


def test_black_drawings_on_a_transparent_ground_are_seen():
    """Without their alpha they are black squares."""
    alpha = np.uint8(255 * (PIXELS[..., 0] > 127))
    drawing = Image.fromarray(np.dstack([np.zeros_like(PIXELS), alpha]))
    assert not opencv(encoded(drawing)).any()
    np.testing.assert_array_equal(ImageReader().decode(encoded(drawing))[..., 0], 255 - alpha)
    gray = drawing.convert('LA')
    np.testing.assert_array_equal(ImageReader().decode(encoded(gray))[..., 2], 255 - alpha)


@pytest.mark.parametrize('kind', ['PNG', 'GIF'])
def test_a_transparent_color_of_a_palette_is_laid_on_the_background(kind):
    image = COLOR.quantize(8)
    content = encoded(image, kind, transparency=0)
    ours = ImageReader().decode(content)
    clear = np.asarray(image) == 0
    assert clear.any() and (ours[clear] == 255).all()
    np.testing.assert_array_equal(ours[~clear][:, ::-1], np.asarray(image.convert('RGB'))[~clear])


def test_cmyk_jpegs_have_the_pixels_of_opencv_and_other_formats_their_colors():
    content = encoded(COLOR.convert('CMYK'), 'JPEG', quality=95)
    np.testing.assert_array_equal(ImageReader().decode(content), opencv(content))
    ours = ImageReader().decode(encoded(COLOR.convert('CMYK'), 'TIFF'))[..., ::-1]
    assert np.abs(ours.astype(int) - PIXELS).max() <= 2


def deep_files() -> dict[str, bytes]:
    gray, color = PIXELS[..., 0].astype(np.uint16) * 16, PIXELS.astype(np.uint16) * 16
    return {
        'gray PNG': encoded(Image.fromarray(gray)),
        'gray TIFF': encoded(Image.fromarray(gray), 'TIFF'),
        'color PNG': cv2.imencode('.png', color[..., ::-1])[1].tobytes(),
        'color TIFF': cv2.imencode('.tiff', color[..., ::-1])[1].tobytes(),
    }


@pytest.mark.parametrize('name', deep_files())
def test_deep_images_are_refused_or_scaled_as_told(name):
    """12 bits in a file of 16, whose upper 8 bits are 16 levels of gray."""
    content = deep_files()[name]
    with pytest.raises(UnreadableImageError, match='16-bit integers, of which .*value_range'):
        ImageReader().decode(content)
    ours = ImageReader(value_range=(0, 4095)).decode(content)[..., ::-1]
    wanted = PIXELS if 'color' in name else PIXELS[..., :1]
    assert np.abs(ours - wanted * (16.0 * 255 / 4095)).max() <= 0.5
    assert len(np.unique(ours)) > 48  # 16 are left without the scaling


@pytest.mark.parametrize('kind, channels', [(b'P5', 1), (b'P6', 3)])
def test_deep_pnm_files_are_refused(kind, channels):
    """Their readers disagree about the values."""
    values = PIXELS[..., :channels].astype('>u2') * 16
    content = kind + b' 90 60 4095\n' + values.tobytes()
    with pytest.raises(UnreadableImageError, match='has .* integers, of which 8 bits'):
        ImageReader().decode(content)
    with pytest.raises(UnreadableImageError, match='PNM .* convert it to PNG or TIFF'):
        ImageReader(value_range=(0, 4095)).decode(content)


def test_floats_are_refused_or_scaled_as_told():
    content = encoded(Image.fromarray(PIXELS[..., 1].astype(np.float32) / 255), 'TIFF')
    with pytest.raises(UnreadableImageError, match='32-bit floats, of which 8 bits'):
        ImageReader().decode(content)
    ours = ImageReader(value_range=(0, 1)).decode(content)
    np.testing.assert_array_equal(ours, np.repeat(PIXELS[..., 1:2], 3, axis=2))


def test_deep_transparent_images_are_laid_on_the_background():
    values = np.dstack([PIXELS, X * 255 // 89]).astype(np.uint16) * 257
    content = cv2.imencode('.png', values)[1].tobytes()
    ours = ImageReader((0, 0, 255), value_range=(0, 65535)).decode(content)
    share = values[..., 3:] / 65535
    wanted = share * PIXELS + (1 - share) * np.array([255, 0, 0])  # BGR
    assert np.abs(ours - wanted).max() <= 1


@pytest.mark.parametrize('share', [0.05, 0.5, 0.95, 0.99])
@pytest.mark.parametrize('kind', FORMATS)
def test_files_that_are_cut_off_are_unreadable(kind, share):
    content = encoded(COLOR, kind)
    with pytest.raises(UnreadableImageError):
        ImageReader().decode(content[: int(share * len(content))])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_image():
    """Cameras put a whole JPEG into the header of each photograph."""
    thumbnail = encoded(COLOR.resize((16, 12)), 'JPEG')
    content = encoded(COLOR, 'JPEG')
    size = (len(thumbnail) + 2).to_bytes(2, 'big')
    content = content[:2] + b'\xff\xed' + size + thumbnail + content[2:]
    np.testing.assert_array_equal(ImageReader().decode(content), opencv(content))
    with pytest.raises(UnreadableImageError, match='cut off'):
        ImageReader().decode(content[:-100])


def test_bytes_behind_a_whole_jpeg_do_not_matter():
    """Phones append films, and copies are filled with zeros."""
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
def test_other_files_are_refused_in_plain_words(content, reason, tmp_path):
    path = tmp_path / 'image.jpg'
    path.write_bytes(content)
    for read in (lambda: ImageReader().decode(content), lambda: ImageReader().check(path)):
        with pytest.raises(UnreadableImageError, match=reason) as error:
            read()
        assert '\n' not in str(error.value) and 'BytesIO' not in str(error.value)


def test_the_limit_of_pixels_is_a_setting_and_bounds_the_memory():
    content = png_of(3000, 2000, 2000)
    tracemalloc.start()
    with pytest.raises(
        UnreadableImageError, match=r'3000 x 2000 = 6,000,000 pixels, .* allows 5,000,000'
    ):
        ImageReader(max_pixels=5_000_000).decode(content)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert ImageReader(max_pixels=6_000_000).decode(content).shape == (2000, 3000, 3)


def test_a_pipe_or_a_folder_is_refused_and_not_waited_for(tmp_path):
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


def test_the_check_of_a_file_decodes_nothing_and_sees_its_end(tmp_path):
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
        (dict(background='white'), "background must be red, green and blue in 0..255, got 'white'"),
        (dict(background=(0, 0, 256)), 'background must be .*256'),
        (dict(max_pixels=0), 'max_pixels must be in 1..178956970, got 0'),
        (dict(value_range=(1, 1)), r'value_range must be two different numbers, .*\(1, 1\)'),
        (dict(value_range=(0, float('nan'))), 'value_range must be .*nan'),
        (dict(value_range=4095), 'value_range must be .*4095'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**arguments)
