"""tools/model_converters/publish_model.py: content, name and errors."""

import datetime
import hashlib
import os
import re

import pytest
import torch
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from npid_mm.checkpoints import publish as publishing
from npid_mm.checkpoints.convert.npid_state import BANK
from tests.file_server import file_server
from tests.test_checkpoints import foreign
from tests.toy import digits_config

pytestmark = pytest.mark.slow

TOOL = '../model_converters/publish_model.py'


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """Train one epoch; return config and checkpoint."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = digits_config(digits, folder)
    Runner.from_cfg(cfg).train()
    return cfg, folder / 'epoch_1.pth'


def published(folder):
    (path,) = folder.iterdir()
    return path


def test_name_and_content_are_those_of_the_model(run, trained, tmp_path):
    cfg, checkpoint = trained
    code, text = run(TOOL, checkpoint, tmp_path / 'out/npid_toy')
    assert code == 0, text
    path = published(tmp_path / 'out')
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    assert path.name == f'npid_toy_{datetime.date.today():%Y%m%d}-{digits}.pth'
    assert f'{path}: 0.' in text

    before, after = torch.load(checkpoint), torch.load(path, weights_only=True)
    for key in ('optimizer', 'message_hub'):
        assert key in before and key not in after
        assert key in re.search('left out: (.*)', text)[1]
    assert after['meta'].keys() == before['meta'].keys()
    assert after['state_dict'].keys() == before['state_dict'].keys()
    assert all(torch.equal(after['state_dict'][k], v) for k, v in before['state_dict'].items())
    MODELS.build(cfg.model).load_state_dict(after['state_dict'])


def test_the_bank_can_be_left_out(run, trained, tmp_path):
    code, text = run(TOOL, trained[1], tmp_path / 'out/npid_toy.pth', '--no-bank')
    assert code == 0 and f'state_dict.{BANK}' in text
    path = published(tmp_path / 'out')
    assert re.fullmatch(r'npid_toy_\d{8}-[0-9a-f]{8}\.pth', path.name)
    state = torch.load(path, weights_only=True)['state_dict']
    whole = torch.load(trained[1])['state_dict']
    assert whole.keys() - state.keys() == {BANK}


def test_the_same_model_gives_the_same_file(run, trained, tmp_path):
    name = tmp_path / 'out/npid_toy'
    assert run(TOOL, trained[1], name)[0] == 0
    path = published(tmp_path / 'out')
    os.utime(path, (0, 0))
    assert run(TOOL, trained[1], name)[0] == 0
    assert published(tmp_path / 'out').stat().st_mtime == 0  # unchanged
    path.write_bytes(b'other')
    code, text = run(TOOL, trained[1], name)
    assert code == 1 and 'exists with different content, so it is damaged: remove it' in text
    assert path.read_bytes() == b'other'


def test_a_failed_write_leaves_no_file(trained, tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError('no space left')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match='no space left'):
        publishing.publish(trained[1], tmp_path / 'out/npid_toy')
    assert list((tmp_path / 'out').iterdir()) == []


@pytest.mark.filterwarnings('error')
def test_objects_of_other_code_bases_are_left_out(run, tmp_path):
    """MMSelfSup's checkpoints hold pickled log histories, here in meta too."""
    content = foreign.mmselfsup1(foreign.resnet_parts(layers=1))
    content['meta'] |= dict(
        author=foreign.AliasMethod(2), nested=dict(a=[foreign.AliasMethod(2)], b=1), kind=(1, dict)
    )
    path = foreign.write(content, tmp_path / 'in.pth')
    code, text = run(TOOL, path, tmp_path / 'out/npid')
    assert code == 0
    assert 'left out: optimizer, message_hub, meta.author, meta.nested.a, meta.kind' in text
    meta = torch.load(published(tmp_path / 'out'), weights_only=True)['meta']
    assert meta == dict(epoch=200, cfg='model = dict()', nested=dict(b=1))


def test_an_object_in_the_model_is_refused(run, tmp_path):
    content = foreign.mmselfsup1(foreign.resnet_parts(layers=1))
    content['state_dict']['head.prior'] = foreign.AliasMethod(2)
    path = foreign.write(content, tmp_path / 'in.pth')
    code, text = run(TOOL, path, tmp_path / 'out/npid')
    assert code == 1 and 'but state_dict.head.prior is an object of other code: convert' in text
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'place', [lambda content: content['meta'], lambda content: content['meta'].setdefault('a', {})]
)
@pytest.mark.parametrize('wrapped', [lambda content: content, lambda content: [(1, content)]])
def test_a_cyclic_checkpoint_is_refused(place, wrapped, run, tmp_path):
    content = foreign.mmselfsup0(foreign.resnet_parts(layers=1))
    place(content)['all'] = wrapped(content)
    path = foreign.write(content, tmp_path / 'in.pth')
    code, text = run(TOOL, path, tmp_path / 'out/npid')
    assert code == 1 and 'error: the checkpoint contains itself: meta.' in text
    assert not (tmp_path / 'out').exists()


def test_values_of_a_left_out_bank_are_not_saved(run, tmp_path):
    """Also if a weight shares their storage."""
    rows = torch.full((41, 16), 0.123)
    parts = foreign.resnet_parts(layers=1) | {BANK: rows[:40], 'neck.fc.bias': rows[40]}
    path = foreign.write(dict(state_dict=parts), tmp_path / 'in.pth')
    assert run(TOOL, path, tmp_path / 'out/npid', '--no-bank')[0] == 0
    state = torch.load(published(tmp_path / 'out'), weights_only=True)['state_dict']
    assert torch.equal(state['neck.fc.bias'], rows[40])
    assert state['neck.fc.bias'].untyped_storage().nbytes() == 16 * 4


def test_addresses_are_downloaded_and_checked(run, tmp_path, monkeypatch):
    """A file without the hash in its name is not published."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    content = foreign.mmselfsup0(foreign.resnet_parts(layers=1))
    data = foreign.write(content, tmp_path / 'in.pth').read_bytes()
    right = f'/in-{hashlib.sha256(data).hexdigest()[:8]}.pth'
    with file_server() as server:
        server.files = {right: data, '/in-01234567.pth': data}
        code, text = run(TOOL, server.url + right, tmp_path / 'out/npid')
        assert code == 0, text
        code, text = run(TOOL, f'{server.url}/in-01234567.pth', tmp_path / 'other/npid')
        assert code == 1 and 'error: http' in text and 'must begin with 01234567' in text
        code, text = run(TOOL, f'{server.url}/no-01234567.pth', tmp_path / 'other/npid')
        assert code == 1 and 'error: ' in text and '404' in text
    assert published(tmp_path / 'out').exists() and not (tmp_path / 'other').exists()


@pytest.mark.parametrize(
    'content, found', [(dict(net=torch.ones(1)), 'net'), ({}, 'nothing'), ([1], 'list')]
)
def test_a_checkpoint_without_a_model_is_refused(content, found, run, tmp_path):
    path = foreign.write(content, tmp_path / 'in.pth')
    code, text = run(TOOL, path, tmp_path / 'out/npid')
    assert code == 1 and f"holds no 'state_dict', only {found}: give a" in text
    code, text = run(TOOL, tmp_path / 'no.pth', tmp_path / 'out/npid')
    assert code == 1 and 'checkpoint not found: ' in text
    assert not (tmp_path / 'out').exists()
