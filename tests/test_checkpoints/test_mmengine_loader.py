"""Tests of the loader for MMEngine: every code base, and only tensors and plain values."""

import hashlib
import io

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmpretrain.registry import MODELS

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.convert.importers import read_pretrained
from npid_mm.checkpoints.mmengine_loader import load_from_npid_mm, register_loader
from npid_mm.checkpoints.tree import object_paths
from npid_mm.engine.launch import build_runner
from npid_mm.utils import download as downloads
from npid_mm.utils.download import DownloadError
from tests.file_server import file_server
from tests.probes import POOLED, PREPROCESSOR, probe_config
from tests.svm_runs import COSTS, FULL, LOW_SHOT, svm_config
from tests.test_checkpoints import foreign
from tests.toy import digits_config, unit_rows

KNN = dict(POOLED, head=None, type='ProbeClassifier', data_preprocessor=PREPROCESSOR)


@pytest.fixture(autouse=True)
def loaders(monkeypatch):
    """Restore MMEngine's loaders."""
    monkeypatch.setattr(CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes))


@pytest.fixture(scope='module')
def parts():
    """NPID's parts around the small backbone of the probes, all of them random."""
    torch.manual_seed(1)
    state = MODELS.build(POOLED['backbone']).state_dict()
    parts = {f'backbone.{k}': torch.rand(v.shape).to(v.dtype) for k, v in state.items()}
    parts |= {'neck.fc.weight': torch.rand(16, 64), 'neck.fc.bias': torch.rand(16)}
    return parts | {'memory_bank.feature_bank': unit_rows(40, 16)}


def knn(path, digits, work_dir):
    """KNN on 64 digits."""
    cfg = digits_config(digits, work_dir)
    cfg.model = KNN
    cfg.default_hooks.pop('memory_bank')
    cfg.load_from = str(path)
    cfg.test_cfg.k = 5
    cfg.test_dataloader.dataset.indices = 64
    return cfg


def evaluate(cfg, parts):
    """Run a test, and check that the backbone is that of the checkpoint."""
    runner = build_runner(cfg)
    metrics = runner.test()
    for name, value in runner.model.backbone.state_dict().items():
        assert torch.equal(value, parts[f'backbone.{name}']), name
    return metrics


@pytest.mark.slow
@pytest.mark.parametrize('code_base', foreign.WRITERS)
def test_knn_takes_every_code_base(code_base, parts, digits, tmp_path):
    zipped = code_base != 'lemniscate'  # whose files are older than torch 1.6
    path = foreign.write(foreign.WRITERS[code_base](parts), tmp_path / 'in.pth', zipped)
    assert evaluate(knn(path, digits, tmp_path), parts)


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'less'), [(FULL, {}), (LOW_SHOT, dict(shots=(2,), draws=1))])
def test_svm_takes_the_authors_checkpoint(name, less, parts, voc2007, tmp_path):
    path = foreign.write(foreign.lemniscate(parts), tmp_path / 'in.pth')
    cfg = svm_config(name, voc2007, tmp_path, path, costs=COSTS[:1], **less)
    assert evaluate(cfg, parts)


@pytest.mark.parametrize('keys', ['module', 'pickled'])
def test_other_ways_to_save_a_network(keys, parts, tmp_path):
    """From DataParallel without a container, and the network itself, as nothing else."""
    network = MODELS.build(dict(KNN, checkpoint='random'))
    network.init_weights()
    state = {k: v for k, v in parts.items() if k.startswith('backbone.')}
    network.load_state_dict(state, strict=False)
    content = network if keys == 'pickled' else {f'module.{k}': v for k, v in state.items()}
    loaded = load_from_npid_mm(str(foreign.write(content, tmp_path / 'in.pth')))
    found = loaded['state_dict'] if keys == 'pickled' else loaded
    names = {name.removeprefix('module.'): value for name, value in found.items()}
    assert all(torch.equal(names[name], value) for name, value in state.items())


def test_objects_beside_the_weights_are_left_out(parts, tmp_path):
    """A run that resumes from them would have to write them again."""
    content = foreign.mmselfsup1(parts)
    content['message_hub']['log_scalars']['loss'] = HistoryBuffer([1.0], [1])
    content['meta']['dataset_meta'] = dict(classes=('a',), other=foreign.AliasMethod(1))
    loaded = load_from_npid_mm(str(foreign.write(content, tmp_path / 'in.pth')))
    assert loaded['message_hub'] == dict(log_scalars={}, runtime_info=dict(iter=7))
    assert loaded['meta'] == dict(
        epoch=200, cfg='model = dict()', dataset_meta=dict(classes=('a',))
    )
    assert loaded['optimizer']['param_groups'] == [dict(lr=0.1)]


@pytest.mark.slow
def test_a_run_of_mmengine_itself_resumes(digits, tmp_path):
    """Its checkpoints hold objects; the run ends as if it had not been interrupted."""

    def config(work_dir):
        cfg = digits_config(digits, work_dir, epochs=2)
        cfg.default_hooks.pop('safe_checkpoint')
        cfg.train_cfg.val_interval = 9
        return cfg

    build_runner(config(tmp_path / 'whole')).train()
    resumed = config(tmp_path / 'resumed')
    resumed.update(resume=True, load_from=str(tmp_path / 'whole/epoch_1.pth'))
    assert object_paths(load_tensors(resumed.load_from))
    build_runner(resumed).train()
    first, second = (load_tensors(tmp_path / name / 'epoch_2.pth') for name in ('whole', 'resumed'))
    for name, value in first['state_dict'].items():
        assert torch.equal(value, second['state_dict'][name]), name
    assert first['param_schedulers'] == second['param_schedulers']


@pytest.mark.parametrize('content', [[1, 2], {}, dict(state_dict={})])
def test_a_file_without_a_network_is_refused(content, tmp_path):
    path = foreign.write(content, tmp_path / 'in.pth')
    with pytest.raises(ValueError, match=r'in\.pth holds no network: give a checkpoint with a st'):
        load_from_npid_mm(str(path))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'checkpoint not found: .*none\.pth'):
        load_from_npid_mm(str(tmp_path / 'none.pth'))


def test_the_home_folder_is_expanded(parts, tmp_path, monkeypatch):
    """No shell expands it in --cfg-options load_from=~/in.pth."""
    monkeypatch.setenv('HOME', str(tmp_path))
    foreign.write(dict(state_dict=parts), tmp_path / 'in.pth')
    assert load_from_npid_mm('~/in.pth')['state_dict'].keys() == parts.keys()


def test_only_files_and_addresses_of_users_are_registered():
    register_loader()
    for place in ('a.pth', '~/a.pth', 'http://a/b.pth', 's3://a/b.pth', 'x:petrel://a/b.pth'):
        assert CheckpointLoader._get_checkpoint_loader(place) is load_from_npid_mm
    for name in ('torchvision://resnet50', 'open-mmlab://detectron2/resnet50_caffe'):
        assert CheckpointLoader._get_checkpoint_loader(name) is not load_from_npid_mm


class TestAddresses:
    """Addresses in place of files."""

    @pytest.fixture
    def server(self, parts, tmp_path, monkeypatch):
        """Serves a checkpoint as ``server.weights``, an address with the digits of its sha256."""
        monkeypatch.setattr(downloads, 'PAUSE', 0)
        monkeypatch.setenv('no_proxy', '127.0.0.1')
        monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
        file = io.BytesIO()
        foreign.write(foreign.pycontrast(parts), file)
        content = file.getvalue()
        name = f'/npid-{hashlib.sha256(content).hexdigest()[:8]}.pth'
        with file_server() as server:
            server.files = {name: content, '/npid-00000000.pth': content}
            server.weights = server.url + name
            yield server

    @pytest.mark.slow
    def test_a_test_and_a_probe_share_one_download(self, server, parts, digits, tmp_path):
        server.cuts += [1000]
        assert evaluate(knn(server.weights, digits, tmp_path / 'knn'), parts)
        cfg = probe_config(digits, tmp_path / 'probe', POOLED, server.weights)
        cfg.train_cfg.max_epochs = 1
        cfg.optim_wrapper.optimizer.lr = 1e-30  # random weights have very large features
        runner = build_runner(cfg)
        runner.train()
        for name, value in runner.model.backbone.state_dict().items():
            assert torch.equal(value, parts[f'backbone.{name}']), name
        assert len(server.requests) == 2

    def test_a_mirror_replaces_the_host(self, server, parts, monkeypatch):
        monkeypatch.setenv('NPID_MM_MIRROR', server.url)
        path = server.weights.removeprefix(server.url)
        loaded = load_from_npid_mm(f'https://download.openmmlab.com{path}')
        weight = loaded['state_dict']['module.encoder.conv1.weight']
        assert torch.equal(weight, parts['backbone.conv1.weight'])

    def test_converters_take_an_address(self, server, parts):
        pretrained = read_pretrained(server.weights, 'pycontrast')
        assert pretrained.state.keys() == parts.keys()

    @pytest.mark.slow
    def test_other_digits_are_refused(self, server, digits, tmp_path):
        cfg = probe_config(digits, tmp_path, POOLED, f'{server.url}/npid-00000000.pth')
        with pytest.raises(DownloadError, match='its SHA-256 must begin with 00000000'):
            build_runner(cfg).train()
