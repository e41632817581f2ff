"""Measured values of images, against NumPy on all of them at once."""

import numpy as np
import pytest
from PIL import Image

from npid_mm.images import ImageReader
from npid_mm.images.measure import describe_values, measure_values, sample_headers


def measure(paths, most=100):
    return measure_values(sample_headers([str(path) for path in paths], most))


def write(folder, arrays):
    paths = [folder / f'{number}.npy' for number in range(len(arrays))]
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    return paths


def test_mean_deviation_and_limits_are_those_of_all_pixels(tmp_path):
    random = np.random.default_rng(0)
    arrays = [random.normal((1e6, -3), (2, 0.1), (size, 9, 2)) for size in (7, 30)]
    arrays[1][..., 1] *= 5
    values = measure(write(tmp_path, arrays))
    pixels = np.concatenate([array.reshape(-1, 2) for array in arrays]).astype(np.float32)
    pixels = pixels.astype(np.float64)
    np.testing.assert_allclose(values.mean, pixels.mean(0), rtol=1e-5)
    np.testing.assert_allclose(values.std, pixels.std(0), rtol=1e-5)
    assert (values.low, values.high) == (pixels.min(), pixels.max())
    assert values.channels == 2 and not values.color
    account, inexact, augmented = describe_values(values)
    assert account.startswith('images of 2 channels of 64-bit floats, with values from -')
    assert inexact == 'values are rounded to floats of 24 bits' and 'brightness' in augmented


def test_values_that_are_not_finite_do_not_count(tmp_path):
    array = np.full((6, 6), 5, np.float32)
    array[0, :3] = np.nan, np.inf, -np.inf
    empty = np.full((6, 6), np.nan, np.float32)
    values = measure(write(tmp_path, [array, empty]))
    assert values.mean == [5] and values.std == [1] and (values.low, values.high) == (5, 6)
    with pytest.raises(ValueError, match='no image has values: none is finite'):
        measure(write(tmp_path, [empty]))


def test_ordinary_images_are_not_measured(tmp_path):
    """A few of more bits among them are reported as unreadable by the check before a run."""
    deep = tmp_path / 'deep.png'
    Image.fromarray(np.zeros((5, 5), np.uint16)).save(deep)
    paths = [deep]
    for number, mode in enumerate(('RGB', 'L', 'RGBA', 'P', 'CMYK', 'LA', '1')):
        paths.append(tmp_path / f'{number}.{"jpg" if mode == "CMYK" else "gif"}')
        paths[-1] = paths[-1] if mode in ('CMYK', 'P') else paths[-1].with_suffix('.png')
        Image.new(mode, (5, 5)).save(paths[-1])
    assert measure(paths) is None
    assert measure([deep]).kind == '1 channel of 16-bit integers'
    assert measure([tmp_path / 'missing.png']) is None


def test_a_sample_is_evenly_spaced(tmp_path):
    paths = write(tmp_path, [np.full((3, 3), number) for number in range(10)])
    assert [path[-5] for path in sample_headers(list(map(str, paths)), 5)] == list('02468')


def test_images_of_several_kinds_are_refused(tmp_path):
    arrays = [np.zeros((9, 9, 4)), np.zeros((9, 9, 4)), np.zeros((9, 9))]
    paths = write(tmp_path, arrays)
    message = (
        'one number of channels and one type of values, got 2 of 4 channels of 64-bit floats, 1 of '
        f'1 channel of 64-bit floats, such as {paths[2]}: train on one kind, or set value_range'
    )
    with pytest.raises(ValueError, match=message):
        measure(paths)


def test_color_of_16_bits_is_color(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / '1.png'), np.full((5, 5, 3), (1, 2, 3), np.uint16))
    values = measure([tmp_path / '1.png'])
    assert values.color and values.mean == [3, 2, 1]  # RGB
    reader = ImageReader(channels=3, value_range=(0, 1))
    assert reader.read(tmp_path / '1.png')[0, 0].tolist() == [3, 2, 1]
