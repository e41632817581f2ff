"""Tests of the model zoo: consistent metafiles, and models by name in MMPretrain."""

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import mmpretrain
import modelindex
import pytest
import torch
import yaml
from mmengine.hub import get_config
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from npid_mm.checkpoints.hub import zoo_weights
from npid_mm.checkpoints.mmengine_loader import load_from_npid_mm
from npid_mm.utils import download as downloads
from npid_mm.utils.download import DownloadError, digits_of
from npid_mm.utils.paths import MIM
from tests.file_server import file_server
from tests.shipped import shipped_config
from tests.toy import ROOT

PAGE = ROOT / 'configs/selfsup/npid/README.md'
NPID = 'npid_resnet50_8xb32-steplr-200e_in1k'
LINEAR = 'resnet50_npid-pre_8xb32-linear-steplr-100e_in1k'
MMSELFSUP = 'https://download.openmmlab.com/mmselfsup/1.x/'
NO_BANK = 'npid_resnet50_mmselfsup0_8xb32-steplr-200e_in1k'


def entries(path):
    """Name -> entry of a metafile."""
    return {model['Name']: model for model in yaml.safe_load((ROOT / path).read_text())['Models']}


PRETRAINING = entries('configs/selfsup/npid/metafile.yml')
BENCHMARKS = entries('configs/benchmarks/metafile.yml')
ENTRIES = PRETRAINING | BENCHMARKS


def links(text):
    """Return the links to files in a Markdown text."""
    return re.findall(r'\]\((?!http)([^)#]+)\)', text)


def test_the_model_index_is_valid():
    assert modelindex.load(str(MIM / 'model-index.yml')).check(silent=True) == []
    assert len(ENTRIES) == len(PRETRAINING) + len(BENCHMARKS)


def test_every_recipe_is_an_entry_and_every_entry_has_its_config():
    recipes = {path.stem for path in (ROOT / 'configs/selfsup/npid').glob('*.py')}
    assert recipes <= set(PRETRAINING)
    for name, entry in ENTRIES.items():
        assert name == name.lower()
        assert (ROOT / entry['Config']).is_file(), name
        assert entry['Metadata']['Provenance'].startswith(
            ('published, ', 'run here, ', 'a recipe', 'not published')
        )
        if name in recipes:
            assert Path(entry['Config']).stem == name


@pytest.mark.parametrize('name', PRETRAINING)
def test_schedules_are_those_of_the_configs(name):
    """Epochs and batch in the metafile, against the config and its name."""
    entry, cfg = PRETRAINING[name], shipped_config(ROOT / PRETRAINING[name]['Config'])
    ranks = int(re.search(r'_(\d+)xb\d+-', name)[1])
    assert entry['Metadata']['Epochs'] == cfg.train_cfg.max_epochs
    assert entry['Metadata']['Batch Size'] == ranks * cfg.train_dataloader.batch_size


def test_other_entries_that_an_entry_names_are_there():
    named = [each for entry in ENTRIES.values() for each in entry.get('Downstream', ())]
    named += [each['Metadata'].get('Pretrained', NPID) for each in BENCHMARKS.values()]
    assert set(named) <= set(ENTRIES)


def test_addresses_have_digits_and_are_loaded_by_the_checking_loader():
    for url in zoo_weights().values():
        assert len(digits_of(url)) == 8
        assert CheckpointLoader._get_checkpoint_loader(url) is load_from_npid_mm
    assert len(set(zoo_weights().values())) == len(zoo_weights()) == 4


@pytest.mark.slow
def test_importing_the_package_registers_no_other_addresses():
    """Other files of the same host too, and files on the disk; a fresh process, without a tool.

    The address is of the tokenizer that MMPretrain's BEiT takes from beside our models.
    """
    places = [f'{MMSELFSUP}target_generator_ckpt/dalle_encoder.pth', 'a.pth']
    code = (
        'import npid_mm; from mmengine.runner import CheckpointLoader as loaders; '
        f'print(*(loaders._get_checkpoint_loader(place).__name__ for place in {places}))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    printed = done.stdout.splitlines()[-1]
    assert printed == 'load_from_http load_from_local', done.stderr


def test_links_of_the_page_lead_to_files():
    text = PAGE.read_text()
    for link in links(text):
        assert (PAGE.parent / link).exists(), link


def test_figures_run_here_are_those_of_the_benchmarks_page():
    measured = (ROOT / 'docs/benchmarks.md').read_text()
    here = PAGE.read_text().partition('### Our results')[2]
    rows = re.findall(r'^\| (.*) \| (\d+\.\d+) \| (\d+\.\d+) \|', here, re.MULTILINE)
    assert len(rows) == 4
    for name, *figures in rows:
        for figure in figures:
            assert f'| {name} | {figure} |' in measured


def test_mmpretrain_lists_every_recipe():
    assert mmpretrain.list_models('npid*') == sorted(n for n in PRETRAINING if n.startswith('npid'))
    assert LINEAR in mmpretrain.list_models('resnet50_npid')


def test_mmengine_finds_a_config_and_its_weights():
    cfg = get_config(f'npid_mm::selfsup/npid/{NPID}.py', pretrained=True)
    assert cfg.model.type == 'NPID'
    assert cfg.model_path == zoo_weights()[NPID]


@pytest.fixture(scope='module')
def checkpoint():
    """A checkpoint as MMSelfSup 1.0.0 writes it, apart from N: a real ResNet-50, a short bank.

    Beside the weights it has what the safe reader of torch refuses, a log history.
    """
    rows = 40
    model = mmpretrain.get_model(NPID)
    model.memory_bank.set_length(rows)
    with torch.no_grad():  # no weight as a fresh network has it
        for weight in [*model.parameters(), *model.buffers()]:
            if weight.is_floating_point():
                weight += torch.randn_like(weight) / 100
    state = model.state_dict()
    state['memory_bank.multinomial.prob'] = torch.ones(rows)
    state['memory_bank.multinomial.alias'] = torch.zeros(rows, dtype=torch.long)
    assert len(state) == 323
    history = dict(train=HistoryBuffer([1.0], [1]))
    return dict(meta=dict(epoch=200), state_dict=state, message_hub=dict(log_scalars=history))


@pytest.fixture
def publish(monkeypatch, tmp_path):
    """Publish a checkpoint on a mirror; return the arguments of get_model that select it."""
    monkeypatch.setattr(CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes))
    monkeypatch.setattr(downloads, 'PAUSE', 0)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    with file_server() as server:
        monkeypatch.setenv('NPID_MM_MIRROR', server.url)

        def publish(checkpoint, digits=None):
            file = io.BytesIO()
            torch.save(checkpoint, file)
            content = file.getvalue()
            digits = digits or hashlib.sha256(content).hexdigest()[:8]
            url = f'{MMSELFSUP}weights-{digits}.pth'
            server.files[urlsplit(url).path] = content
            CheckpointLoader.register_scheme(url, load_from_npid_mm, force=True)
            return dict(pretrained=True, url_mapping=('^.*$', url))

        yield publish


@pytest.mark.slow
def test_a_model_comes_with_its_weights_and_its_bank(checkpoint, publish, capfd):
    """A bank that was never given a data set takes its length from the checkpoint.

    All keys but two find their place, and MMEngine names the two: MMSelfSup's table for drawing
    uniform numbers, which nothing here needs.
    """
    given = publish(checkpoint)
    capfd.readouterr()
    model = mmpretrain.get_model(NPID, **given)
    saved = checkpoint['state_dict']
    for name, value in model.state_dict().items():
        assert torch.equal(value, saved[name]), name
    assert set(saved) - set(model.state_dict()) == {
        'memory_bank.multinomial.prob',
        'memory_bank.multinomial.alias',
    }
    said = ''.join(capfd.readouterr())
    assert 'memory_bank.multinomial.prob, memory_bank.multinomial.alias\n' in said
    assert 'missing keys' not in said
    assert (model.memory_bank.length, model.memory_bank.initialized_from) == (40, 'checkpoint')
    embedding = model.embed(torch.zeros(2, 3, 64, 64))
    assert torch.allclose(embedding.norm(dim=1), torch.ones(2))


@pytest.mark.slow
def test_weights_with_other_digits_are_not_loaded(checkpoint, publish):
    with pytest.raises(DownloadError, match='its SHA-256 must begin with a67c5440, but begins'):
        mmpretrain.get_model(NPID, **publish(checkpoint, digits='a67c5440'))


@pytest.mark.slow
def test_features_by_name(checkpoint, publish):
    """They are those of the backbone, on the image as the config's test pipeline prepares it."""
    image = torch.randint(256, (300, 256, 3), dtype=torch.uint8).numpy()
    extractor = mmpretrain.FeatureExtractor(NPID, device='cpu', **publish(checkpoint))
    (feature,) = extractor(image)[0]
    centre = torch.tensor(image[38:262, 16:240, ::-1].copy()).permute(2, 0, 1).float()
    mean, std = torch.tensor([[123.675, 116.28, 103.53], [58.395, 57.12, 57.375]])[..., None, None]
    with torch.no_grad():
        (expected,) = extractor.model.backbone(((centre - mean) / std)[None])
    assert feature.shape == (2048, 7, 7) and feature.isfinite().all() and feature.std() > 0.01
    assert torch.allclose(feature, expected[0], atol=1e-4)


@pytest.mark.slow
def test_weights_of_mmselfsup0_leave_the_bank_empty_and_say_so(checkpoint, publish, capfd):
    bare = {k: v for k, v in checkpoint['state_dict'].items() if not k.startswith('memory_bank')}
    model = mmpretrain.get_model(NO_BANK, **publish(dict(state_dict=bare)))
    assert 'missing keys in source state_dict: memory_bank.feature_bank' in ''.join(
        capfd.readouterr()
    )
    assert model.memory_bank.length == 0
    assert model.embed(torch.zeros(1, 3, 64, 64)).shape == (1, 128)


@pytest.mark.slow
def test_the_linear_classifier_comes_with_its_head(checkpoint, publish, capfd):
    head = {'head.fc.weight': torch.randn(1000, 2048), 'head.fc.bias': torch.randn(1000)}
    backbone = {k: v for k, v in checkpoint['state_dict'].items() if k.startswith('backbone.')}
    model = mmpretrain.get_model(LINEAR, **publish(dict(state_dict=backbone | head)))
    assert 'do not match' not in ''.join(capfd.readouterr())
    image = torch.zeros(1, 3, 64, 64)
    with torch.no_grad():
        pooled = model.backbone(image)[-1].mean((2, 3))
        scores = model(image)
    expected = pooled @ head['head.fc.weight'].T + head['head.fc.bias']
    assert torch.allclose(scores, expected, atol=1e-3)
