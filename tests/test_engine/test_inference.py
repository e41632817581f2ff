"""Networks that are loaded for an index, and the hash that identifies them."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from npid_mm.config.preprocessor import preprocessor_config
from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.inference import describe_network, index_feature, load_network, network_hash
from tests.shipped import shipped_config
from tests.toy import ROOT

CONFIGS = [
    *(ROOT / 'configs/selfsup/npid').glob('*.py'),
    *(ROOT / 'configs/benchmarks/classification').glob('*/knn*.py'),
]


def save(state, path, **more):
    torch.save({'state_dict': state, **more}, path)
    return str(path)


def test_the_hash_is_of_the_weights_and_of_nothing_else(digits_run, other_run, tmp_path):
    """Without bank and head, beside an optimizer, under another name: the same network."""
    cfg, checkpoint = digits_run
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    parts = {name: value for name, value in state.items() if name.startswith(('back', 'neck'))}
    slim = save(parts, tmp_path / 'slim.pth', optimizer={'lr': 0.1})
    hashes = [network_hash(load_network(cfg, path)) for path in (checkpoint, slim, other_run)]
    assert len(parts) < len(state) and hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


def test_a_device_that_torch_cannot_use_is_refused(digits_run):
    with pytest.raises(
        ValueError, match='device must be one that torch .* got tin: Expected one of'
    ):
        load_network(*digits_run, device='tin')


def test_a_checkpoint_of_another_network_is_refused(digits_run, tmp_path):
    cfg, checkpoint = digits_run
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    del state['neck.fc.bias']
    state['backbone.conv1.weight'] = torch.zeros(2, 3, 3, 3)
    path = save(state, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='is not of the network of the config') as error:
        load_network(cfg, path)
    assert '1 missing: neck.fc.bias' in str(error.value)
    assert 'backbone.conv1.weight (2, 3, 3, 3) instead of (8, 3, 3, 3)' in str(error.value)
    with pytest.raises(FileNotFoundError, match='checkpoint not found: nowhere.pth'):
        load_network(cfg, 'nowhere.pth')
    with pytest.raises(ValueError, match='with model.backbone and test_dataloader, got one of'):
        load_network(Config(dict(train_cfg=None)), checkpoint)
    detector = Config(cfg.to_dict() | dict(default_scope='mmdet'))
    with pytest.raises(ValueError, match='got one of mmdet with'):
        load_network(detector, checkpoint)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_pretraining_and_knn_config_says_what_an_index_needs(path):
    """A pipeline that takes a file, a preprocessor that normalizes it, a feature."""
    cfg = shipped_config(path)
    init_default_scope('mmpretrain')
    pooled = path.stem == 'knn_resnet50_in1k'
    assert index_feature(cfg) == ('backbone' if pooled else 'embedding')
    assert 'mean' in preprocessor_config(cfg)
    assert callable(ImagePipeline(cfg))


def test_a_knn_config_and_its_pretraining_give_one_hash(digits_run):
    """An index of the one may be searched with the other."""
    cfg, checkpoint = digits_run
    knn = Config(cfg.to_dict())
    knn.model = dict(
        type='ProbeClassifier',
        backbone=cfg.model.backbone,
        neck=cfg.model.neck,
        data_preprocessor=cfg.model.data_preprocessor,
    )
    assert describe_network(load_network(knn, checkpoint)) == describe_network(
        load_network(cfg, checkpoint)
    )
