"""npid_mm.embed and npid_mm.load against the network taken apart by hand, and npid_mm.search."""

import shutil

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from PIL import Image
from torch.nn import functional as F

import npid_mm
from npid_mm.api.embed import index_embeddings
from npid_mm.api.run_folder import find_run
from npid_mm.images import UnreadableImageError
from npid_mm.retrieval import build_index

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def embeddings(trained, photographs):
    return npid_mm.embed(trained, photographs, batch_size=7, workers=0)


@pytest.fixture(scope='module')
def encoder(trained):
    return npid_mm.load(trained, device='cpu')


def by_hand(run, path):
    """Embed one image in float64, without a loader or a pipeline of the package."""
    cfg = run.config.model
    state = torch.load(run.checkpoint, weights_only=True)['state_dict']
    backbone, neck = MODELS.build(cfg.backbone), MODELS.build(cfg.neck)
    for name, part in (('backbone.', backbone), ('neck.', neck)):
        own = {key.removeprefix(name): state[key] for key in state if key.startswith(name)}
        part.load_state_dict(own)
        part.double().eval()
    # 32 x 32 pixels to 16 x 16, as ResizeEdge does with Pillow
    image = Image.open(path).convert('RGB').resize((16, 16), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(image, np.float64)).permute(2, 0, 1)
    mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
    with torch.no_grad():
        return F.normalize(neck(backbone(((pixels - mean) / std)[None]))[0])[0].numpy()


MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]


def test_rows_are_those_of_the_network_in_the_order_of_the_images(trained, photographs, embeddings):
    expected = sorted(photographs.rglob('*.png'))
    assert embeddings.paths == list(map(str, expected)) and embeddings.unreadable == {}
    assert embeddings.labels == [path.parent.name for path in expected]
    assert embeddings.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(embeddings.vectors, axis=1), 1, atol=1e-6)
    for row in (0, 31, 59):
        assert np.allclose(embeddings.vectors[row], by_hand(trained, expected[row]), atol=1e-5)


def test_lists_keep_their_order_and_unreadable_images_are_listed(trained, embeddings, tmp_path):
    (tmp_path / 'broken.png').write_text('not an image')
    names = [embeddings.paths[9], tmp_path / 'broken.png', embeddings.paths[3], embeddings.paths[9]]
    (tmp_path / 'list.txt').write_text(''.join(f'{name}\n' for name in names))
    for images in (names, tmp_path / 'list.txt'):
        found = npid_mm.embed(trained.checkpoint, images, workers=0)
        assert found.paths == [embeddings.paths[row] for row in (9, 3, 9)] and found.labels is None
        assert np.allclose(found.vectors, embeddings.vectors[[9, 3, 9]], atol=1e-6)
        reason = 'the file is not an image of a known format'
        assert found.unreadable == {str(tmp_path / 'broken.png'): reason}
    with pytest.raises(
        ValueError, match=r'no image can be read:\n  .*broken\.png: the file is not'
    ):
        npid_mm.embed(trained, tmp_path / 'broken.png', workers=0)


def test_wrong_arguments_are_told(trained, photographs, tmp_path):
    for arguments, message in (
        ({'batch_size': 0}, 'batch_size must be at least 1, got 0'),
        ({'workers': -1}, 'workers must be at least 0, got -1'),
        ({'device': 'gpu'}, 'device must be one that torch can use here, .*, got gpu'),
    ):
        with pytest.raises(ValueError, match=message):
            npid_mm.embed(trained, photographs, **arguments)
    with pytest.raises(FileNotFoundError, match='checkpoint not found: .*lost'):
        npid_mm.embed(tmp_path / 'lost', photographs)


def test_an_encoder_takes_files_images_arrays_and_batches(encoder, embeddings):
    paths = embeddings.paths[:5]
    rows = torch.from_numpy(embeddings.vectors[:5])
    images = [Image.open(path) for path in paths]
    arrays = [np.asarray(image.convert('RGB')) for image in images]
    batch = torch.stack([encoder.preprocess(path) for path in paths])
    gray = [np.asarray(image.convert('L')) for image in images]
    with torch.no_grad():
        for given in (paths, images, arrays, gray, batch, batch / 255, batch.double() / 255):
            torch.testing.assert_close(encoder(given), rows, atol=1e-5, rtol=0)
        torch.testing.assert_close(encoder(paths[0]), rows[:1], atol=1e-6, rtol=0)


def test_colors_are_red_green_and_blue_in_every_form(encoder, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'x.png')
    assert np.array_equal(encoder.preprocess(tmp_path / 'x.png').permute(1, 2, 0), pixels)
    assert np.array_equal(encoder.preprocess(pixels).permute(1, 2, 0), pixels)


@pytest.mark.parametrize('mode', ['RGBA', 'LA', 'P', '1', 'CMYK', 'turned'])
def test_images_of_pillow_are_read_as_their_files_are(encoder, tmp_path, mode):
    """Transparency, palettes, and the orientation that a camera notes."""
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (24, 16, 4), dtype=np.uint8), 'RGBA')
    exif = Image.Exif()
    if mode == 'turned':
        exif[0x0112] = 6
        image = image.convert('RGB')
    else:
        image = image.convert(mode)
    path = tmp_path / ('x.tif' if mode == 'CMYK' else 'x.png')
    image.save(path, exif=exif)
    with Image.open(path) as opened:
        assert torch.equal(encoder.preprocess(opened), encoder.preprocess(path))


def test_an_encoder_is_a_module(encoder):
    batch = torch.rand(2, 3, 16, 16, requires_grad=True)
    encoder(batch).sum().backward()
    assert batch.grad.abs().sum() > 0 and encoder.network.neck.fc.weight.grad is not None
    encoder.zero_grad()
    assert not encoder.training and torch.nn.Sequential(encoder)(batch).shape == (2, 128)


def test_what_an_encoder_does_not_take_is_told(encoder, tmp_path):
    deep = np.zeros((16, 16), np.uint16)
    for images, error, message in (
        ([], ValueError, 'images must be at least one, got none'),
        (3, TypeError, 'images must be paths, images of Pillow, .*, got int'),
        (deep, TypeError, r'got ndarray of shape \(16, 16\) and uint16'),
        (Image.fromarray(deep), UnreadableImageError, 'the image has 16-bit integers'),
        (torch.zeros(3, 16, 16), TypeError, r'got a tensor \(3, 16, 16\) of torch.float32'),
        (torch.zeros(1, 3, 16, 16).long(), TypeError, r'got a tensor .* of torch.int64'),
        (torch.full((1, 3, 16, 16), 200.0), TypeError, r'got floats in 200\.\.200'),
        (tmp_path / 'lost.png', FileNotFoundError, r'lost\.png'),
    ):
        with pytest.raises(error, match=message):
            encoder(images)
    (tmp_path / 'x.png').write_text('text')
    with pytest.raises(
        UnreadableImageError, match=r'cannot read .*x\.png: the file is not an image'
    ):
        encoder(tmp_path / 'x.png')


def test_an_index_is_searched_and_gives_its_embeddings(trained, photographs, embeddings, tmp_path):
    cfg, checkpoint = find_run(trained)
    build_index(tmp_path, cfg, checkpoint, photographs, dtype='float32', num_workers=0)
    stored = index_embeddings(tmp_path)
    assert stored.paths == embeddings.paths and stored.labels == embeddings.labels
    assert np.allclose(stored.vectors, embeddings.vectors, atol=1e-6)
    (found,) = npid_mm.search(tmp_path, embeddings.paths[20], k=3)
    order = np.argsort(-embeddings.vectors @ embeddings.vectors[20])
    expected = [embeddings.paths[row] for row in order if row != 20][:3]
    assert [each['path'] for each in found['neighbors']] == expected


def test_a_run_that_was_moved_embeds(trained, embeddings, tmp_path):
    shutil.copytree(trained.folder, tmp_path / 'moved')
    found = npid_mm.embed(str(tmp_path / 'moved'), embeddings.paths[0], workers=0)
    assert np.allclose(found.vectors, embeddings.vectors[:1], atol=1e-6)
