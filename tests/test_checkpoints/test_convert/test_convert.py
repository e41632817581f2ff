"""Checkpoints of other code bases in, NPID's parts and files for others out."""

import json
import re

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch.nn import functional as F
from torchvision import models

from npid_mm.checkpoints import backbone_weights
from npid_mm.checkpoints.convert.convert import convert, extract_backbone
from npid_mm.checkpoints.convert.exporters import TARGETS
from npid_mm.checkpoints.convert.importers import SOURCES, read_pretrained
from npid_mm.checkpoints.convert.state import BANK
from npid_mm.checkpoints.reader import load_tensors
from npid_mm.checkpoints.tree import Shared, flat_values
from tests.test_checkpoints import foreign
from tests.toy import ROOT

WITHOUT_BANK = {'mmselfsup0'}
WITH_Z = {'lemniscate', 'vissl'}


@pytest.fixture(scope='module')
def parts():
    return foreign.resnet_parts()


@pytest.fixture
def read(parts, tmp_path):
    """Write a checkpoint of a code base, or some content as one, and take it apart."""

    def read(code_base, content=None, zipped=True):
        content = foreign.WRITERS[code_base](parts) if content is None else content
        return read_pretrained(foreign.write(content, tmp_path / 'in.pth', zipped), code_base)

    return read


def npid(name, parts):
    """The model of a recipe, with a ResNet-18 and few dimensions."""
    cfg = Config.fromfile(ROOT / f'configs/selfsup/npid/{name}.py')
    cfg.model.backbone.depth = 18
    dim, width = parts['neck.fc.weight'].shape
    cfg.model.neck.update(in_channels=width, out_channels=dim)
    init_default_scope('mmpretrain')
    return MODELS.build(dict(cfg.model, data_preprocessor=None))


@pytest.mark.parametrize('zipped', [True, False], ids=['torch 1.6', 'before'])
@pytest.mark.parametrize('code_base', SOURCES)
def test_npid_of_the_matching_recipe_loads_all_of_it(code_base, zipped, read, parts, tmp_path):
    """Strictly, and every value bit for bit."""
    convert(read(code_base, zipped=zipped), 'npid_mm', tmp_path / 'out.pth')
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    loss = 'npid-nce4096' if code_base in WITH_Z else 'npid'
    model = npid(f'{loss}_resnet50_8xb32-steplr-200e_in1k', parts)
    if code_base in WITHOUT_BANK:
        missing, unexpected = model.load_state_dict(state, strict=False)
        assert missing == [BANK] and unexpected == []
    else:
        model.load_state_dict(state)
    loaded = model.state_dict()
    expected = {k: v for k, v in parts.items() if k != BANK or code_base not in WITHOUT_BANK}
    assert all(torch.equal(loaded[name], value) for name, value in expected.items())
    if code_base in WITH_Z:
        assert torch.equal(loaded['head.z'], torch.tensor(foreign.Z))  # to the bit
        # Z is known: the head does not estimate it again
        feature, index = F.normalize(torch.randn(2, 16)), torch.tensor([0, 1])
        assert model.head.loss(feature, index, model.memory_bank)['z'] == foreign.Z


@pytest.mark.parametrize('target', ['backbone', 'torchvision', 'timm'])
@pytest.mark.parametrize('code_base', SOURCES)
def test_backbones_go_into_torchvision(code_base, target, read, parts, tmp_path):
    """Whose names timm's ResNets share."""
    convert(read(code_base), target, tmp_path / 'out.pth')
    network = models.resnet18()
    network.fc = torch.nn.Identity()
    network.load_state_dict(torch.load(tmp_path / 'out.pth', weights_only=True))
    own = network.state_dict()
    assert all(torch.equal(own[name], parts[f'backbone.{name}']) for name in own)


@pytest.mark.parametrize('code_base', SOURCES)
def test_safetensors_has_all_parts(code_base, read, parts, tmp_path):
    from safetensors import safe_open  # the package does without it

    pretrained = read(code_base)
    convert(pretrained, 'safetensors', tmp_path / 'out.safetensors')
    with safe_open(tmp_path / 'out.safetensors', 'pt') as file:
        loaded = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = file.metadata()
    assert loaded.keys() == pretrained.state.keys()
    assert all(torch.equal(loaded[name], parts[name]) for name in loaded.keys() & parts.keys())
    assert about['converted_from'] == SOURCES[code_base].title
    assert json.loads(about['settings']) == pretrained.settings


@pytest.mark.parametrize('code_base', SOURCES)
def test_safetensors_are_read_back(code_base, read, parts, tmp_path):
    """As a start for a probe or a detector, and to be converted again."""
    path = tmp_path / 'npid.safetensors'
    convert(read(code_base), 'safetensors', path)
    weights = backbone_weights(path)
    assert weights.keys() == read(code_base).backbone().keys()
    assert all(torch.equal(value, parts[f'backbone.{name}']) for name, value in weights.items())
    source = 'mmselfsup0' if code_base in WITHOUT_BANK else 'mmselfsup1'
    again = read_pretrained(path, source)
    assert again.state.keys() == read(code_base).state.keys()
    extract_backbone(path, tmp_path / 'backbone.pth')
    state = torch.load(tmp_path / 'backbone.pth', weights_only=True)
    assert all(torch.equal(state[name], value) for name, value in weights.items())


def test_own_checkpoint_keeps_its_z(read, parts, tmp_path):
    content = foreign.mmselfsup1(parts)
    content['state_dict'] |= {'head.z': torch.tensor(321.0), 'head.z_count': torch.tensor(7)}
    text = convert(read('mmselfsup1', content), 'npid_mm', tmp_path / 'out.pth')
    assert 'Z: 321, for an NPID with NCEHead' in text
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    assert (state['head.z'], state['head.z_count']) == (321, 7)


@pytest.mark.parametrize('target', ['npid_mm', 'backbone'])
@pytest.mark.parametrize('code_base', SOURCES)
def test_table_accounts_for_every_value_of_the_file(code_base, target, read, tmp_path):
    pretrained = read(code_base)
    text = convert(pretrained, target, tmp_path / 'out.pth')
    counts = [int(n) for n in re.findall(r'^(?:used|renamed|left) +(\d+)  ', text, re.MULTILINE)]
    assert sum(counts) == len(flat_values(load_tensors(tmp_path / 'in.pth')))


def test_table_and_facts_of_the_authors_checkpoint(read, tmp_path):
    text = convert(read('lemniscate'), 'npid_mm', tmp_path / 'out.pth')
    for line in (
        'renamed  120  state_dict.module.* -> state_dict.backbone.* (conv1.weight ... ',
        'renamed    2  state_dict.module.* -> state_dict.neck.* (fc.weight, fc.bias)',
        'renamed    1  lemniscate.memory -> state_dict.memory_bank.feature_bank',
        'used       1  lemniscate.params: num_negatives 4096, temperature 0.07, momentum 0.7, '
        'head.z 2.86331e+06',
        "left       1  arch: 'resnet18'",
        'left       2  lemniscate.multinomial.* (prob, alias)',
        'momentum: 0.3 is the weight of the old row there, 0.7 that of the new feature here',
        'backbone: all weights of the resnet18 of torchvision matched, 120 keys',
        'projection: 16 x 512',
        'bank: 40 x 16',
        'Z: 2863312, for an NPID with NCEHead',
    ):
        assert f'\n{line}' in f'\n{text}'
    text = convert(read('mmselfsup1'), 'npid_mm', tmp_path / 'out.pth')
    assert text.startswith(
        'used     123  state_dict.backbone.conv1.weight ... state_dict.memory_bank.feature_bank\n'
    )
    text = convert(read('lemniscate'), 'timm', tmp_path / 'out.pth')
    assert 'left       1  lemniscate.memory: tensor (40, 16)' in text
    assert 'left       1  lemniscate.params: ' in text
    text = convert(read('mmselfsup0'), 'npid_mm', tmp_path / 'out.pth')
    assert 'bank: none in the file, a training that starts from it begins with a new one' in text


def test_settings_travel_in_the_meaning_they_have_here(read, tmp_path):
    convert(read('lemniscate'), 'npid_mm', tmp_path / 'out.pth')
    meta = torch.load(tmp_path / 'out.pth', weights_only=True)['meta']
    assert meta == dict(
        converted_from="the authors' code",
        settings=dict(num_negatives=4096, temperature=0.07, momentum=0.7),
    )


def test_authors_softmax_over_all_images_has_no_z(read, parts, tmp_path):
    params = torch.tensor([0.1, foreign.OLD_MOMENTUM])
    pretrained = read('lemniscate', foreign.lemniscate(parts, params))
    assert pretrained.settings == dict(temperature=0.1, momentum=0.7)
    convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    npid('npid-exact_resnet50_8xb32-steplr-200e_in1k', parts).load_state_dict(state)


def test_z_that_was_not_estimated_yet_stays_out(read, parts, tmp_path):
    pretrained = read('vissl', foreign.vissl(parts, z=-1.0))
    assert 'head.z' not in pretrained.state
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert 'Z: -1 in classy_state_dict.loss.nce_average.params means that it was not' in text


def test_rows_that_no_step_had_visited_become_unit_rows(read, parts, tmp_path):
    """The authors' bank starts from numbers within a cube."""
    bank = parts[BANK].clone()
    bank[3:5] = (torch.rand(2, 16) - 0.5) * 3
    pretrained = read('lemniscate', foreign.lemniscate(parts | {BANK: bank}))
    rows = pretrained.state[BANK]
    assert torch.equal(rows[:3], bank[:3]) and torch.equal(rows[5:], bank[5:])
    torch.testing.assert_close(rows[3:5], bank[3:5] / bank[3:5].norm(dim=1, keepdim=True))
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert f'{BANK}: 2 of 40 rows were not of length 1' in text


def test_rounded_rows_are_left_alone(read, parts):
    """A bank of bfloat16, whose rows are of length 1 as nearly as it can say."""
    bank = parts[BANK].bfloat16()
    pretrained = read('mmselfsup1', foreign.mmselfsup1(parts | {BANK: bank}))
    assert torch.equal(pretrained.state[BANK], bank) and not pretrained.notes


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_authors_cifar10_network(prefix, read, parts, tmp_path):
    small = parts | {'backbone.conv1.weight': torch.rand(64, 3, 3, 3)}
    net = {f'{prefix}{name}': value for name, value in foreign.cifar_names(small).items()}
    kept = foreign.lemniscate(small, torch.tensor([0.1, 0.5]))['lemniscate']
    content = dict(net=net, lemniscate=kept, acc=0.8, epoch=199)
    text = convert(read('lemniscate', content), 'npid_mm', tmp_path / 'out.pth')
    assert '1 of another shape: conv1.weight (64, 3, 3, 3) instead of (64, 3, 7, 7)' in text
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    model = npid('npid-exact_resnet18_1xb128-steplr-200e_cifar10', small)
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
def test_projection_of_several_layers_is_left_whole(code_base, path, key, read, parts, tmp_path):
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
def test_wrong_source_is_refused_with_the_right_one(code_base, source, read, parts, tmp_path):
    path = foreign.write(foreign.WRITERS[code_base](parts), tmp_path / 'other.pth')
    if source == code_base:
        assert read_pretrained(path, source).title == SOURCES[source].title
        return
    title = re.escape(SOURCES[source].title)
    message = rf'is not a checkpoint of {source} \({title}\), but looks like one of {code_base}: '
    with pytest.raises(ValueError, match=message):
        read_pretrained(path, source)


@pytest.mark.parametrize('content', [dict(weight=torch.ones(2)), torch.ones(2), [1]])
def test_checkpoint_of_nobody_is_refused(content, read):
    message = (
        r'checkpoint of vissl \(VISSL\), nor of mmselfsup1, mmselfsup0, lemniscate, pycontrast: '
        r'it holds .*; for the backbone alone tools/model_converters/extract_backbone\.py reads'
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


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('code_base', SOURCES)
def test_a_backbone_that_is_cut_off_is_not_converted(code_base, target, read, parts, tmp_path):
    """It is a ResNet-18 but for names that are not there."""
    cut = {name: value for name, value in parts.items() if 'layer4.1' not in name}
    pretrained = read(code_base, foreign.WRITERS[code_base](cut))
    message = r'(?s)the backbone is .*resnet18 of torchvision.*10 missing: layer4\.1\.conv1'
    with pytest.raises(ValueError, match=message):
        convert(pretrained, target, tmp_path / f'out{TARGETS[target].output.endings[0]}')
    assert not list(tmp_path.glob('out*'))


def test_a_folder_in_the_place_of_the_file_is_named(read, tmp_path):
    (tmp_path / 'out.pth').mkdir()
    with pytest.raises(FileExistsError, match='OUT must be a file, but .*/out.pth is a folder'):
        convert(read('vissl'), 'npid_mm', tmp_path / 'out.pth')


def test_settings_of_another_form_are_refused(read, parts):
    message = r'lemniscate.params must hold 4 numbers .* it has the shape \(3,\)'
    with pytest.raises(ValueError, match=message):
        read('lemniscate', foreign.lemniscate(parts, torch.ones(3)))


def test_page_names_every_source_and_target():
    page = (ROOT / 'docs/checkpoints.md').read_text()
    assert all(f'| `{name}` |' in page for name in SOURCES)
    assert all(f'`{name}`' in page for name in TARGETS)


def test_values_that_hold_themselves_end():
    content = dict(a=[1])
    content['a'].append(content)
    assert flat_values(content) == {'a.0': 1, 'a.1': Shared(())}
    assert repr(Shared(())) == '<the same as the whole>'


def test_parts_that_are_shared_are_gone_through_once(read, parts, tmp_path):
    """Lists that hold the next one twice: 60 lines with 2 ** 60 values, and a repr as long."""
    twice = [1]
    for _ in range(60):
        twice = [twice, twice]
    assert len(flat_values(twice)) == 61
    pretrained = read('mmselfsup0', foreign.mmselfsup0(parts) | dict(meta=twice))
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert 'meta.1: <the same as meta.0>' in text


def test_containers_too_deep_within_each_other_are_refused(read, parts):
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ValueError, match='at most 100 containers within each other, got 202'):
        read('mmselfsup0', foreign.mmselfsup0(parts) | dict(meta=deep))


def test_part_of_a_larger_storage_is_written_alone(read, parts, tmp_path):
    """torch.save writes all of the storage, with whatever else is in it."""
    weight = torch.full((10, *parts['backbone.conv1.weight'].shape), 0.5)[3]
    content = foreign.mmselfsup0(parts | {'backbone.conv1.weight': weight})
    convert(read('mmselfsup0', content), 'backbone', tmp_path / 'out.pth')
    written = torch.load(tmp_path / 'out.pth', weights_only=True)['conv1.weight']
    assert torch.equal(written, weight)
    assert written.untyped_storage().nbytes() == weight.nbytes


def test_names_of_source_and_target_are_checked(read, tmp_path):
    with pytest.raises(ValueError, match="source must be one of mmselfsup1, .* got 'moco'"):
        read_pretrained(tmp_path / 'in.pth', 'moco')
    with pytest.raises(ValueError, match="target must be one of npid_mm, .* got 'onnx'"):
        convert(read('vissl'), 'onnx', tmp_path / 'out')


def test_missing_safetensors_is_explained(read, tmp_path, monkeypatch):
    (tmp_path / 'in.safetensors').touch()
    monkeypatch.setitem(__import__('sys').modules, 'safetensors.torch', None)
    with pytest.raises(ImportError, match=r"(?s)safetensors, which is not.*-e '\.\[convert\]'"):
        convert(read('vissl'), 'safetensors', tmp_path / 'out.safetensors')
    assert not (tmp_path / 'out.safetensors').exists()
    with pytest.raises(ImportError, match=r"(?s)\.safetensors needs safetensors.*'\.\[convert\]'"):
        backbone_weights(tmp_path / 'in.safetensors')
