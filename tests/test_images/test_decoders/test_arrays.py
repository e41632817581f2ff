"""Arrays of NumPy and TIFFs of any channels, and what is refused of them."""

import io
import sys

import numpy as np
import pytest
import tifffile

from npid_mm.images import ImageReader, UnreadableImageError

RANDOM = np.random.default_rng(0)


def npy(array, **arguments):
    file = io.BytesIO()
    np.save(file, array, **arguments)
    return file.getvalue()


def tiff(array, **arguments):
    file = io.BytesIO()
    planar = dict(planarconfig='contig') if array.ndim == 3 else {}
    tifffile.imwrite(file, array, **{'photometric': 'minisblack', **planar, **arguments})
    return file.getvalue()


def values(dtype, channels):
    shape = (20, 30, channels)
    if np.dtype(dtype).kind == 'f':
        return RANDOM.normal(0, 1e-3, shape).astype(dtype)
    return RANDOM.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


@pytest.mark.parametrize('channels', [1, 2, 4, 13])
@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
def test_every_value_survives(dtype, channels):
    array = values(dtype, channels)
    reader = ImageReader(channels=channels, value_range=(0, 1))
    files = {'npy': npy(array), 'fortran': npy(np.asfortranarray(array))}
    # the samples of a TIFF side by side, one plane after the other, and compressed
    files['contiguous'] = tiff(array[..., 0] if channels == 1 else array)
    if channels > 1:
        planes = np.ascontiguousarray(np.moveaxis(array, -1, 0))
        files['planes'] = tiff(planes, planarconfig='separate')
        files['zlib'] = tiff(array, compression='zlib', predictor=dtype != 'float32')
    for name, content in files.items():
        pixels = reader.decode(content)
        assert pixels.dtype == np.float32 and pixels.shape == array.shape, name
        np.testing.assert_array_equal(pixels, array.astype(np.float32), name)


def test_a_plain_array_is_an_image_without_channels():
    """Of 8 bits it is color; of more it needs a value range."""
    color = values('uint8', 3)
    np.testing.assert_array_equal(ImageReader().decode(npy(color))[..., ::-1], color)
    gray = values('uint16', 1)[..., 0]
    with pytest.raises(UnreadableImageError, match='16-bit integers, .* keep only 8 bits'):
        ImageReader().decode(npy(gray))
    ours = ImageReader(value_range=(0, 65535)).decode(npy(gray))
    assert np.abs(ours - gray[..., None] / 257).max() <= 0.5
    with pytest.raises(UnreadableImageError, match='has 2 channels, .*lose some: set channels=2'):
        ImageReader().decode(npy(values('uint8', 2)))


def test_values_that_are_not_finite_get_those_of_the_range():
    array = np.full((9, 9), 3.0)
    array[0, :3] = np.nan, np.inf, -np.inf
    pixels = ImageReader(channels=1, value_range=(-1, 7)).decode(npy(array))
    assert pixels[0, :4, 0].tolist() == [-1, 7, -1, 3]


@pytest.mark.parametrize(
    'content, reason',
    [
        (npy(np.zeros((9, 9, 2)))[:-1], 'the file is cut off: its end is missing'),
        (npy(np.zeros((2, 9, 9))), r'must have the shape \(height, .* channels\), got \(2, 9, 9\)'),
        (npy(np.zeros(9)), r'got \(9,\)'),
        (npy(np.zeros((9, 9), complex)), 'the values are of type complex128, not numbers'),
        (npy(np.full((9, 9), None)), 'the values are of type object, not numbers'),
        (npy(np.zeros((9, 9)))[:20], 'the header is damaged'),
        (npy(np.zeros((99, 99))), 'has 99 x 99 = 9,801 pixels, and max_pixels allows 9,000'),
        (tiff(np.zeros((99, 99, 2), 'f4')), 'has 99 x 99 = 9,801 pixels, and max_pixels allows'),
        (npy(np.zeros((50, 60, 13))), '60 x 50 pixels of 13 channels, and max_pixels allows 9,000'),
        (tiff(np.zeros((9, 9, 2), complex)), 'the values are of type complex128, not numbers'),
        (tiff(np.zeros((9, 9, 2), 'f4'))[:60], 'the header is damaged|image is damaged'),
        (npy(np.zeros((9, 9, 5))), 'has 5 channels, and this reader is for images of 2'),
    ],
)
def test_other_files_are_refused_with_a_plain_reason(content, reason, tmp_path):
    reader = ImageReader(channels=2, value_range=(0, 1), max_pixels=9000)
    with pytest.raises(UnreadableImageError, match=reason):
        reader.decode(content)


def test_a_missing_package_is_named(monkeypatch):
    compressed = tiff(np.zeros((9, 9, 2), np.uint16), compression='zlib')
    reader = ImageReader(channels=2, value_range=(0, 1))
    monkeypatch.setitem(sys.modules, 'imagecodecs', None)
    monkeypatch.setattr('npid_mm.images.decoders.arrays.find_spec', lambda name: None)
    message = r"compressed, and reading it needs imagecodecs: pip install 'npid-mm\[formats\]'"
    with pytest.raises(UnreadableImageError, match=message):
        reader.decode(compressed)
    monkeypatch.setitem(sys.modules, 'tifffile', None)
    with pytest.raises(UnreadableImageError, match=r"needs tifffile: pip install 'npid-mm\[form"):
        reader.decode(compressed)
