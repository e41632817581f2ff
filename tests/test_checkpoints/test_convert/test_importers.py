"""Tests of the importers of other NPID implementations."""

import re

import pytest
import torch

from npid_mm.checkpoints.convert.convert import convert
from npid_mm.checkpoints.convert.importers import SOURCES, read_pretrained
from npid_mm.checkpoints.convert.npid_state import BANK
from tests.test_checkpoints import foreign

WITHOUT_BANK = {'mmselfsup0'}


def test_authors_softmax_over_all_images_has_no_z(build_recipe, read, parts, tmp_path):
    params = torch.tensor([0.1, foreign.OLD_MOMENTUM])
    pretrained = read('lemniscate', foreign.lemniscate(parts, params))
    assert pretrained.settings == dict(temperature=0.1, momentum=0.7)
    convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    build_recipe('npid-exact_resnet50_8xb32-steplr-200e_in1k', parts).load_state_dict(state)


def test_z_that_was_not_estimated_yet_is_left_out(read, parts, tmp_path):
    pretrained = read('vissl', foreign.vissl(parts, z=-1.0))
    assert 'head.z' not in pretrained.state
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert 'Z: -1 in classy_state_dict.loss.nce_average.params means that it was not' in text


def test_rows_that_no_step_has_visited_are_normalized(read, parts, tmp_path):
    """The authors' bank starts from uniform numbers in a cube."""
    bank = parts[BANK].clone()
    bank[3:5] = (torch.rand(2, 16) - 0.5) * 3
    pretrained = read('lemniscate', foreign.lemniscate(parts | {BANK: bank}))
    rows = pretrained.state[BANK]
    assert torch.equal(rows[:3], bank[:3]) and torch.equal(rows[5:], bank[5:])
    torch.testing.assert_close(rows[3:5], bank[3:5] / bank[3:5].norm(dim=1, keepdim=True))
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert f'{BANK}: 2 of 40 rows were not of length 1' in text


def test_rounded_rows_are_left_alone(read, parts):
    """As in a bank of bfloat16, whose rows have a length of about 1."""
    bank = parts[BANK].bfloat16()
    pretrained = read('mmselfsup1', foreign.mmselfsup1(parts | {BANK: bank}))
    assert torch.equal(pretrained.state[BANK], bank) and not pretrained.notes


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_authors_cifar10_network(build_recipe, prefix, read, parts, tmp_path):
    small = parts | {'backbone.conv1.weight': torch.rand(64, 3, 3, 3)}
    net = {f'{prefix}{name}': value for name, value in foreign.cifar_names(small).items()}
    kept = foreign.lemniscate(small, torch.tensor([0.1, 0.5]))['lemniscate']
    content = dict(net=net, lemniscate=kept, acc=0.8, epoch=199)
    text = convert(read('lemniscate', content), 'npid_mm', tmp_path / 'out.pth')
    assert '1 of another shape: conv1.weight (64, 3, 3, 3) instead of (64, 3, 7, 7)' in text
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    model = build_recipe('npid-exact_resnet18_1xb128-steplr-200e_cifar10', small)
    model.load_state_dict(state)
    loaded = model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in small.items())


@pytest.mark.parametrize(
    'code_base, path, key',
    [
        ('pycontrast', ('model',), 'module.head.2.weight'),
        ('vissl', ('classy_state_dict', 'base_model', 'model', 'heads'), '0.clf.2.weight'),
    ],
)
def test_a_projection_of_several_layers_is_left_out(code_base, path, key, read, parts, tmp_path):
    """Its first layer alone would pass for NPID's projection."""
    content = foreign.WRITERS[code_base](parts)
    inner = content
    for step in path:
        inner = inner[step]
    inner[key] = torch.ones(16, 16)
    pretrained = read(code_base, content)
    assert not any(name.startswith('neck.') for name in pretrained.state)
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert 'projection: left out, as no recipe here has several layers' in text
    assert 'projection: none in the file' in text


@pytest.mark.parametrize('source', SOURCES)
@pytest.mark.parametrize('code_base', SOURCES)
def test_wrong_source_is_refused_with_the_right_one(code_base, source, tmp_path):
    content = foreign.WRITERS[code_base](foreign.resnet_parts(layers=1))
    path = foreign.write(content, tmp_path / 'other.pth')
    if source == code_base:
        assert read_pretrained(path, source).title == SOURCES[source].title
        return
    title = re.escape(SOURCES[source].title)
    message = rf'is not a checkpoint of {source} \({title}\), but looks like one of {code_base}: '
    with pytest.raises(ValueError, match=message):
        read_pretrained(path, source)


@pytest.mark.parametrize('content', [dict(weight=torch.ones(2)), torch.ones(2), [1]])
def test_a_checkpoint_of_unknown_code_is_refused(content, read):
    message = (
        r'checkpoint of vissl \(VISSL\), nor of mmselfsup1, mmselfsup0, lemniscate, pycontrast: '
        r'it holds .*; for the backbone alone npid convert extract-backbone reads'
    )
    with pytest.raises(ValueError, match=message):
        read('vissl', content)


@pytest.mark.parametrize('container', [True, False], ids=['state_dict', 'flat'])
@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('source', ['mmselfsup1', 'mmselfsup0'])
def test_npid_without_its_container_or_from_data_parallel(
    source, prefix, container, read, parts, tmp_path
):
    state = foreign.WRITERS[source](parts)['state_dict']
    state = {f'{prefix}{name}': value for name, value in state.items()}
    out = tmp_path / 'out.pth'
    convert(read(source, dict(state_dict=state) if container else state), 'npid_mm', out)
    found = torch.load(out, weights_only=True)['state_dict']
    expected = {k: v for k, v in parts.items() if k != BANK or source not in WITHOUT_BANK}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_settings_of_unknown_length_are_refused(read, parts):
    message = r'lemniscate.params must hold 4 numbers .* it has the shape \(3,\)'
    with pytest.raises(ValueError, match=message):
        read('lemniscate', foreign.lemniscate(parts, torch.ones(3)))


def test_too_deeply_nested_containers_are_refused(read, parts):
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ValueError, match='at most 100 levels of nested containers, got 202'):
        read('mmselfsup0', foreign.mmselfsup0(parts) | dict(meta=deep))
