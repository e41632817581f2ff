"""Tests of conversions into every output format."""

import json

import pytest
import torch
from torch.nn import functional as F
from torchvision import models

from npid_mm.checkpoints import backbone_weights
from npid_mm.checkpoints.convert.convert import convert, extract_backbone
from npid_mm.checkpoints.convert.exporters import TARGETS
from npid_mm.checkpoints.convert.importers import SOURCES, read_pretrained
from npid_mm.checkpoints.convert.npid_state import BANK
from tests.test_checkpoints import foreign
from tests.toy import ROOT

WITHOUT_BANK = {'mmselfsup0'}
WITH_Z = {'lemniscate', 'vissl'}


@pytest.mark.parametrize(
    ('code_base', 'zipped'), [*((name, True) for name in SOURCES), ('lemniscate', False)]
)
def test_npid_of_the_matching_recipe_loads_all_of_it(
    build_recipe, code_base, zipped, imported, parts, tmp_path
):
    """Strictly, and every value bit for bit; the authors' files are from before torch 1.6."""
    convert(imported(code_base, zipped), 'npid_mm', tmp_path / 'out.pth')
    state = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    loss = 'npid-nce4096' if code_base in WITH_Z else 'npid'
    model = build_recipe(f'{loss}_resnet50_8xb32-steplr-200e_in1k', parts)
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


@pytest.mark.parametrize(
    ('code_base', 'target'),
    [*((name, 'torchvision') for name in SOURCES), ('vissl', 'backbone'), ('vissl', 'timm')],
)
def test_backbones_go_into_torchvision(code_base, target, imported, parts, tmp_path):
    """Timm's ResNets have the same names."""
    convert(imported(code_base), target, tmp_path / 'out.pth')
    network = models.resnet18()
    network.fc = torch.nn.Identity()
    network.load_state_dict(torch.load(tmp_path / 'out.pth', weights_only=True))
    own = network.state_dict()
    assert all(torch.equal(own[name], parts[f'backbone.{name}']) for name in own)


@pytest.mark.parametrize('code_base', SOURCES)
def test_safetensors_have_all_parts_and_are_read_back(code_base, imported, parts, tmp_path):
    """As a start for a probe or a detector, and to be converted again."""
    from safetensors import safe_open  # the package does without it

    pretrained, path = imported(code_base), tmp_path / 'npid.safetensors'
    convert(pretrained, 'safetensors', path)
    with safe_open(path, 'pt') as file:
        loaded = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = file.metadata()
    assert loaded.keys() == pretrained.state.keys()
    assert all(torch.equal(loaded[name], parts[name]) for name in loaded.keys() & parts.keys())
    assert about['converted_from'] == SOURCES[code_base].title
    assert json.loads(about['settings']) == pretrained.settings

    weights = backbone_weights(path)
    assert weights.keys() == pretrained.backbone().keys()
    assert all(torch.equal(value, parts[f'backbone.{name}']) for name, value in weights.items())
    source = 'mmselfsup0' if code_base in WITHOUT_BANK else 'mmselfsup1'
    assert read_pretrained(path, source).state.keys() == pretrained.state.keys()
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


def test_settings_travel_in_the_meaning_they_have_here(imported, tmp_path):
    convert(imported('lemniscate'), 'npid_mm', tmp_path / 'out.pth')
    meta = torch.load(tmp_path / 'out.pth', weights_only=True)['meta']
    assert meta == dict(
        converted_from="the authors' code",
        settings=dict(num_negatives=4096, temperature=0.07, momentum=0.7),
    )


@pytest.mark.parametrize(
    ('code_base', 'target'),
    [*((name, 'npid_mm') for name in SOURCES), *(('vissl', name) for name in TARGETS)],
)
def test_an_incomplete_backbone_is_not_converted(code_base, target, read, parts, tmp_path):
    """Such as a ResNet-18 without its last block."""
    cut = {name: value for name, value in parts.items() if 'layer4.1' not in name}
    pretrained = read(code_base, foreign.WRITERS[code_base](cut))
    message = r'(?s)the backbone is .*resnet18 of torchvision.*10 missing: layer4\.1\.conv1'
    with pytest.raises(ValueError, match=message):
        convert(pretrained, target, tmp_path / f'out{TARGETS[target].output.endings[0]}')
    assert not list(tmp_path.glob('out*'))


def test_a_folder_is_not_replaced(imported, tmp_path):
    (tmp_path / 'out.pth').mkdir()
    with pytest.raises(FileExistsError, match='OUT must be a file, but .*/out.pth is a folder'):
        convert(imported('vissl'), 'npid_mm', tmp_path / 'out.pth')


def test_page_names_every_source_and_target():
    page = (ROOT / 'docs/checkpoints.md').read_text()
    assert all(f'| `{name}` |' in page for name in SOURCES)
    assert all(f'`{name}`' in page for name in TARGETS)


def test_a_view_of_a_larger_storage_is_written_alone(read, parts, tmp_path):
    """torch.save would write the whole storage."""
    weight = torch.full((10, *parts['backbone.conv1.weight'].shape), 0.5)[3]
    content = foreign.mmselfsup0(parts | {'backbone.conv1.weight': weight})
    convert(read('mmselfsup0', content), 'backbone', tmp_path / 'out.pth')
    written = torch.load(tmp_path / 'out.pth', weights_only=True)['conv1.weight']
    assert torch.equal(written, weight)
    assert written.untyped_storage().nbytes() == weight.nbytes


def test_names_of_source_and_target_are_checked(imported, tmp_path):
    with pytest.raises(ValueError, match="source must be one of mmselfsup1, .* got 'moco'"):
        read_pretrained(tmp_path / 'in.pth', 'moco')
    with pytest.raises(ValueError, match="target must be one of npid_mm, .* got 'onnx'"):
        convert(imported('vissl'), 'onnx', tmp_path / 'out')


def test_missing_safetensors_is_explained(imported, tmp_path, monkeypatch):
    (tmp_path / 'in.safetensors').touch()
    monkeypatch.setitem(__import__('sys').modules, 'safetensors.torch', None)
    with pytest.raises(ImportError, match=r"(?s)safetensors, which is not.*'npid-mm\[convert\]'"):
        convert(imported('vissl'), 'safetensors', tmp_path / 'out.safetensors')
    assert not (tmp_path / 'out.safetensors').exists()
    with pytest.raises(
        ImportError, match=r"(?s)\.safetensors needs safetensors.*'npid-mm\[convert\]'"
    ):
        backbone_weights(tmp_path / 'in.safetensors')
