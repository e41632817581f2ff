"""Exported files give the features of PyTorch, or are refused."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import load_network
from npid_mm.export import encoder_file, export_encoder
from npid_mm.export.onnx_encoder import OnnxEncoder
from npid_mm.images.preprocessing import Preprocessing

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def images(digits):
    return [str(path) for path in sorted((digits / 'val/3').iterdir())[:5]]


@pytest.fixture(scope='module')
def exported(digits_run, images, tmp_path_factory):
    """The same network as both kinds of file."""
    folder = tmp_path_factory.mktemp('exported')
    return {
        kind: export_encoder(*digits_run, folder / kind / f'encoder.{kind}', images)
        for kind in ('onnx', 'pt2')
    }


@pytest.fixture(scope='module')
def expected(digits_run, images):
    """Rows from the network, with pixels prepared by OpenCV."""
    cv2 = pytest.importorskip('cv2')
    model = load_network(*digits_run)
    pixels = [cv2.resize(cv2.imread(path), (16, 16)) for path in images]
    inputs = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    data = {'inputs': inputs, 'data_samples': None}
    return batch_features(model, data, 'embedding')[0].numpy()


def prepared(exported, images):
    content = (exported.parent / 'preprocessing.json').read_bytes()
    prepare = Preprocessing.from_json(content)
    return np.stack([prepare(path) for path in images]), content.decode()


def test_onnx_gives_the_rows_of_the_network(exported, images, expected):
    pixels, text = prepared(exported['onnx'], images)
    encoder = OnnxEncoder(exported['onnx'].read_bytes())
    assert encoder.size == (16, 16) and encoder.metadata == {'preprocessing': text}
    for count in (1, 3, 5):
        np.testing.assert_allclose(encoder(pixels[:count]), expected[:count], atol=1e-6)


def test_torch_export_gives_the_rows_of_the_network(exported, images, expected):
    pixels, text = prepared(exported['pt2'], images)
    extra = {'preprocessing.json': ''}
    module = torch.export.load(exported['pt2'], extra_files=extra).module()
    assert extra['preprocessing.json'] == text
    for count in (1, 4):
        rows = module(torch.from_numpy(pixels[:count])).detach()
        np.testing.assert_allclose(rows, expected[:count], atol=1e-6)


def test_pooled_features_of_a_network_in_rgb(digits_run, images, tmp_path):
    """The config says which features; its data preprocessor exchanges the channels."""
    cfg = Config(digits_run[0].to_dict())
    cfg.test_cfg.feature = 'backbone'
    cfg.model.data_preprocessor.update(mean=[1, 2, 3], std=[50, 60, 70], bgr_to_rgb=True)
    file = export_encoder(cfg, digits_run[1], tmp_path / 'e.onnx', images)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    model = load_network(*digits_run)
    inputs = (pixels - np.array([1, 2, 3])) / np.array([50, 60, 70])
    maps = model.backbone(torch.from_numpy(inputs).float().permute(0, 3, 1, 2))[-1]
    rows = torch.nn.functional.normalize(maps.mean((2, 3))).detach()
    np.testing.assert_allclose(OnnxEncoder(file.read_bytes())(pixels), rows, atol=1e-5)


def test_other_features_are_refused_and_nothing_is_left(digits_run, images, tmp_path, monkeypatch):
    forward = encoder_file.PixelEncoder.forward
    monkeypatch.setattr(
        encoder_file.PixelEncoder, 'forward', lambda self, image: forward(self, image // 2 * 2)
    )
    with pytest.raises(encoder_file.ExportError, match='must give the features of PyTorch'):
        export_encoder(*digits_run, tmp_path / 'encoder.onnx', images)
    assert not list(tmp_path.iterdir())


def test_a_network_that_cannot_be_traced_is_refused(digits_run, tmp_path, monkeypatch):
    def failing(self, image):
        raise RuntimeError('no such operator\nat line 7')

    monkeypatch.setattr(encoder_file.PixelEncoder, 'forward', failing)
    message = 'the network cannot be exported to encoder.onnx: no such operator$'
    with pytest.raises(encoder_file.ExportError, match=message):
        export_encoder(*digits_run, tmp_path / 'encoder.onnx')
    assert not list(tmp_path.iterdir())


def test_images_of_a_fixed_size_give_the_size(digits_run, images, tmp_path):
    cfg = Config(digits_run[0].to_dict())
    cfg.test_dataloader.dataset.pipeline = [dict(type='PackInputs')]
    with pytest.raises(ValueError, match='does not resize, so the size of the images is not known'):
        export_encoder(cfg, digits_run[1], tmp_path / 'encoder.onnx')
    out = export_encoder(cfg, digits_run[1], tmp_path / 'encoder.onnx', images)
    assert OnnxEncoder(out.read_bytes()).size == (32, 32)


@pytest.mark.parametrize(
    'name, message',
    [
        ('encoder.pb', r'out must end in .onnx or .pt2, got .*encoder.pb'),
        ('note.onnx', 'exists and is not an ONNX file'),
    ],
)
def test_other_outputs_are_refused(digits_run, tmp_path, name, message):
    (tmp_path / 'note.onnx').write_text('a note')
    with pytest.raises((ValueError, FileExistsError), match=message):
        export_encoder(*digits_run, tmp_path / name)
    assert (tmp_path / 'note.onnx').read_text() == 'a note'


def test_images_that_cannot_be_read_are_refused(digits_run, tmp_path):
    (tmp_path / 'a.png').write_text('no image')
    with pytest.raises(ValueError, match='at least one that can be read, got none: .*not an image'):
        export_encoder(*digits_run, tmp_path / 'encoder.onnx', [tmp_path / 'a.png'])


def test_settings_are_json(exported):
    settings = json.loads((exported['onnx'].parent / 'preprocessing.json').read_text())
    assert settings['size'] == [16, 16] and settings['steps'] == [
        dict(type='resize', width=16, height=16, library='opencv', filter='bilinear')
    ]
