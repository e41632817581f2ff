"""Loading a crop, compared with Pillow and torchvision on the whole image."""

import cv2
import numpy as np
import pytest
import torch
from mmpretrain.registry import TRANSFORMS
from PIL import Image
from torchvision.transforms import RandomResizedCrop

from npid_mm.datasets.transforms import load_random_resized_crop as module
from npid_mm.images import UnreadableImageError
from npid_mm.images.header import ORIENTATION


def build(**arguments):
    return TRANSFORMS.build(dict(type='LoadRandomResizedCrop', **arguments))


def smooth_image(height: int, width: int) -> Image.Image:
    """Waves that differ between channels and directions, and survive JPEG compression."""
    y, x = np.mgrid[:height, :width] / 40
    channels = [np.sin(x), np.cos(y), np.sin(x + 2 * y)]
    return Image.fromarray(np.uint8(127 + 100 * np.stack(channels, axis=-1)))


@pytest.fixture(params=['libjpeg-turbo', 'OpenCV'])
def decoder(request, monkeypatch):
    """With libjpeg-turbo's cropping and without."""
    if request.param == 'OpenCV':
        monkeypatch.setattr(module, 'decode_jpeg_crop', lambda *_: None)


def fixed_box(monkeypatch, *box):
    monkeypatch.setattr(module.LoadRandomResizedCrop, '_sample_box', lambda *_: module.Box(*box))


def reference(path, box, scale):
    """The crop by Pillow, BGR as OpenCV reads."""
    top, left, height, width = box
    with Image.open(path) as image:
        pixels = image.convert('RGB').resize(
            scale[::-1], Image.Resampling.BILINEAR, box=(left, top, left + width, top + height)
        )
    return np.asarray(pixels)[..., ::-1].astype(float)


@pytest.mark.parametrize(
    'box, factor',
    [
        ((10, 20, 70, 60), 1),
        ((10, 20, 130, 128), 2),
        ((8, 16, 300, 260), 4),
        ((0, 0, 512, 640), 8),
    ],
)
@pytest.mark.parametrize('ending', ['jpg', 'png'])
def test_a_crop_equals_that_of_the_whole_image(box, factor, ending, decoder, tmp_path, monkeypatch):
    path = tmp_path / f'image.{ending}'
    smooth_image(512, 640).save(path, quality=95)
    assert module._decoding_factor(module.Box(*box), (64, 64)) == factor
    fixed_box(monkeypatch, *box)
    image = build(scale=64).transform(dict(img_path=str(path)))['img']
    assert image.shape == (64, 64, 3) and image.dtype == np.uint8
    difference = np.abs(image - reference(path, box, (64, 64)))
    assert difference.mean() < 2 and difference.max() < 16


def test_large_jpegs_are_decoded_at_reduced_scale(tmp_path, monkeypatch):
    """OpenCV's image is no larger than needed; PNGs cannot be reduced."""
    monkeypatch.setattr(module, 'decode_jpeg_crop', lambda *_: None)
    seen = []
    decode = cv2.imdecode
    monkeypatch.setattr(cv2, 'imdecode', lambda *a: seen.append(decode(*a)) or seen[-1])
    fixed_box(monkeypatch, 0, 0, 400, 400)
    for ending, shape in (('jpg', (100, 100, 3)), ('png', (400, 400, 3))):
        smooth_image(400, 400).save(tmp_path / f'image.{ending}')
        build(scale=100).transform(dict(img_path=str(tmp_path / f'image.{ending}')))
        assert seen[-1].shape == shape


@pytest.mark.parametrize('shape', [(28, 28), (28, 28, 1)])
def test_a_gray_image_in_memory_gets_three_channels(shape, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    fixed_box(monkeypatch, 4, 6, 20, 20)
    image = build(scale=20).transform(dict(img=pixels))['img']
    assert image.shape == (20, 20, 3)
    for channel in range(3):
        assert (image[..., channel] == pixels.reshape(28, 28)[4:24, 6:26]).all()


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation_is_applied(orientation, tmp_path, monkeypatch):
    """The crop lies within the rotated image."""
    path = tmp_path / 'image.jpg'
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    smooth_image(80, 160).save(path, exif=exif, quality=95)
    shown = cv2.imread(str(path))
    fixed_box(monkeypatch, 0, 0, *shown.shape[:2])
    image = build(scale=shown.shape[:2]).transform(dict(img_path=str(path)))['img']
    np.testing.assert_array_equal(image, shown)


@pytest.mark.parametrize('box', [(0, 0, 30, 30), (200, 200, 56, 56), (0, 0, 256, 256)])
def test_a_truncated_file_is_unreadable_wherever_the_crop_is(box, tmp_path, monkeypatch):
    """The decoder itself notices the missing end only if the crop reaches it."""
    path = tmp_path / 'image.jpg'
    smooth_image(256, 256).save(path)
    path.write_bytes(path.read_bytes()[: int(0.95 * path.stat().st_size)])
    fixed_box(monkeypatch, *box)
    message = r'cannot read .*image\.jpg: the file is cut off: its end is missing'
    with pytest.raises(UnreadableImageError, match=message):
        build(scale=30).transform(dict(img_path=str(path)))


def test_transparent_parts_have_the_color_of_the_background(tmp_path):
    path = tmp_path / 'drawing.png'
    Image.new('RGBA', (40, 40), (0, 0, 0, 0)).save(path)
    image = build(scale=20, background=(250, 100, 0)).transform(dict(img_path=str(path)))['img']
    assert (image == (0, 100, 250)).all()  # BGR


def test_crops_are_distributed_as_those_of_torchvision():
    """Histograms of area and aspect ratio of 4,000 crops differ by at most 0.03 per bin."""
    np.random.seed(0)
    torch.manual_seed(0)
    ours = build(scale=224, crop_ratio_range=(0.2, 1.0))
    height, width = 375, 500
    boxes = np.array([ours._sample_box(height, width)[2:] for _ in range(4000)], float)
    blank = torch.empty(3, height, width)
    theirs = np.array(
        [RandomResizedCrop.get_params(blank, (0.2, 1.0), (3 / 4, 4 / 3))[2:] for _ in range(4000)],
        float,
    )
    for quantity, bins in (
        (lambda b: b.prod(1) / (height * width), np.linspace(0.2, 1.0, 9)),
        (lambda b: np.log(b[:, 1] / b[:, 0]), np.linspace(-0.3, 0.3, 9)),
    ):
        shares = [np.histogram(quantity(b), bins)[0] / len(b) for b in (boxes, theirs)]
        assert shares[0].max() > 0.05
        np.testing.assert_allclose(*shares, atol=0.03)


def test_an_image_in_memory_is_cropped():
    image = np.asarray(smooth_image(48, 64))
    results = build(scale=(20, 30)).transform(dict(img=image))
    assert results['img'].shape == (20, 30, 3)
    assert results['img_shape'] == (20, 30)


def test_images_do_not_share_memory(tmp_path, monkeypatch):
    """Not even crops of the output's size, which are not resized."""
    fixed_box(monkeypatch, 0, 0, 64, 64)
    loaded = []
    for gray in (30, 200):
        Image.new('RGB', (64, 64), (gray,) * 3).save(tmp_path / f'{gray}.jpg')
        results = dict(img_path=str(tmp_path / f'{gray}.jpg'))
        loaded.append(build(scale=64).transform(results)['img'])
    assert (loaded[0] == 30).all() and (loaded[1] == 200).all()


def test_gray_and_cmyk_files_come_as_three_channels(tmp_path):
    for mode in ('L', 'CMYK'):
        path = tmp_path / f'{mode}.jpg'
        smooth_image(64, 64).convert(mode).save(path)
        assert build(scale=32).transform(dict(img_path=str(path)))['img'].shape == (32, 32, 3)
