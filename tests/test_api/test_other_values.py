"""Images of other values than 8-bit color: trained on, embedded, indexed and searched."""

import cv2
import numpy as np
import pytest
import tifffile

import npid_mm
from npid_mm.analysis.augmented_views import augmented_views
from npid_mm.api.run_folder import find_run
from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.inference import load_network
from npid_mm.retrieval import IndexSearch, build_index

from .conftest import SETTINGS

COUNT, SIDE = 12, 16
RANDOM = np.random.default_rng(0)


def arrays(low, high, channels, dtype):
    """Two groups of images with smooth values, in all of the range."""
    coarse = RANDOM.uniform(size=(COUNT, 4, 4, channels))
    coarse[COUNT // 2 :] **= 3
    fine = np.kron(coarse, np.ones((1, SIDE // 4, SIDE // 4, 1)))
    fine = (fine + RANDOM.uniform(size=fine.shape) / 8) / 1.125
    return (low + fine * (high - low)).astype(dtype)


def write_tiff(path, array):
    tifffile.imwrite(path, array, photometric='minisblack', planarconfig='contig')


# name -> low, high, channels, type, ending, and how a file is written
SETS = {
    '12 bits': (0, 4095, 1, np.uint16, '.png', lambda path, array: cv2.imwrite(str(path), array)),
    'floats, two channels': (-1e-3, 1e-3, 2, np.float32, '.npy', np.save),
    '16 bits, four channels': (0, 65535, 4, np.uint16, '.tif', write_tiff),
    'floats, thirteen channels': (100, 101, 13, np.float32, '.tif', write_tiff),
}


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Write each of the sets, and train on it; name -> images, paths and run."""
    found = {}
    for name, (low, high, channels, dtype, ending, write) in SETS.items():
        folder = tmp_path_factory.mktemp('set')
        images = arrays(low, high, channels, dtype)
        paths = [folder / f'images/{number:02}{ending}' for number in range(COUNT)]
        paths[0].parent.mkdir()
        for path, image in zip(paths, images, strict=True):
            write(path, image)
        settings = {**SETTINGS, 'epochs': 1, 'batch_size': 6}
        found[name] = images, paths, npid_mm.pretrain(paths[0].parent, folder / 'run', **settings)
    return found


@pytest.mark.slow
@pytest.mark.parametrize('name', SETS)
def test_each_value_survives_to_the_network(trained, name):
    """Within a step of the input's own resolution, by the measured mean and deviation."""
    images, paths, run = trained[name]
    cfg, checkpoint = find_run(run)
    network = load_network(cfg, checkpoint, 'cpu')
    channels = images.shape[-1]
    assert network.backbone.conv1.in_channels == channels
    settings = cfg.model.data_preprocessor
    values = images.reshape(-1, channels).astype(np.float64)
    np.testing.assert_allclose(settings.mean, values.mean(0), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(settings.std, values.std(0), rtol=1e-5)
    pixels = ImagePipeline(cfg)(str(paths[3]))['inputs'][None]
    inputs = network.data_preprocessor({'inputs': pixels, 'data_samples': None})['inputs']
    back = inputs[0].permute(1, 2, 0).double().numpy() * settings.std + settings.mean
    integers = images.dtype.kind != 'f'
    step = 1 if integers else np.abs(values).max() * np.finfo(np.float32).eps
    assert np.abs(back - images[3]).max() <= (0.02 if integers else 2) * step


@pytest.mark.slow
@pytest.mark.parametrize('name', SETS)
def test_each_set_is_embedded_and_searched(trained, name, tmp_path):
    images, paths, run = trained[name]
    embeddings = npid_mm.embed(run, paths, workers=0)
    assert embeddings.vectors.shape == (COUNT, 128) and not embeddings.unreadable
    encoder = npid_mm.load(run)
    from_arrays = encoder(list(images)).detach().numpy()
    np.testing.assert_allclose(from_arrays, embeddings.vectors, atol=1e-5)
    cfg, checkpoint = find_run(run)
    index, _ = build_index(tmp_path / 'index', cfg, checkpoint, paths[0].parent, num_workers=0)
    search = IndexSearch(index)  # by the ONNX encoder
    page = tmp_path / 'page.html'
    by_file, by_array = search([paths[5], images[5]], top_k=3, html=page)
    expected = np.argsort(-embeddings.vectors @ embeddings.vectors[5])[1:4]
    assert [each['index'] for each in by_file['neighbors']] == expected.tolist()
    assert by_array['neighbors'][0]['index'] == 5
    originals, views = augmented_views(run.config, images=2, views=1)
    for picture in (originals[1], views[1][0]):
        assert picture.shape == (SIDE, SIDE, 3) and picture.min() == 0 and picture.max() == 255
    text = page.read_text()
    assert text.count('data:image/png') > 4 and '"src": null' not in text
