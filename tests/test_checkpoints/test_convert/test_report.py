"""Tests of the table and remarks of a conversion."""

import re

import pytest

from npid_mm.checkpoints.convert.convert import convert
from npid_mm.checkpoints.convert.importers import SOURCES
from npid_mm.checkpoints.reader import load_tensors
from npid_mm.checkpoints.tree import flat_values
from tests.test_checkpoints import foreign


@pytest.mark.parametrize('target', ['npid_mm', 'backbone'])
@pytest.mark.parametrize('code_base', SOURCES)
def test_table_accounts_for_every_value_of_the_file(code_base, target, imported, tmp_path):
    pretrained = imported(code_base)
    text = convert(pretrained, target, tmp_path / 'out.pth')
    counts = [int(n) for n in re.findall(r'^(?:used|renamed|left) +(\d+)  ', text, re.MULTILINE)]
    assert sum(counts) == len(flat_values(load_tensors(pretrained.path)))


def test_table_and_facts_of_the_authors_checkpoint(imported, tmp_path):
    text = convert(imported('lemniscate'), 'npid_mm', tmp_path / 'out.pth')
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
    text = convert(imported('mmselfsup1'), 'npid_mm', tmp_path / 'out.pth')
    assert text.startswith(
        'used     123  state_dict.backbone.conv1.weight ... state_dict.memory_bank.feature_bank\n'
    )
    text = convert(imported('lemniscate'), 'timm', tmp_path / 'out.pth')
    assert 'left       1  lemniscate.memory: tensor (40, 16)' in text
    assert 'left       1  lemniscate.params: ' in text
    text = convert(imported('mmselfsup0'), 'npid_mm', tmp_path / 'out.pth')
    assert 'bank: none in the file, training from this file starts with a new bank' in text


def test_shared_containers_are_shown_once(read, parts, tmp_path):
    """Sixty nested lists with two references each: 2 ** 60 values, and a repr as long."""
    twice = [1]
    for _ in range(60):
        twice = [twice, twice]
    assert len(flat_values(twice)) == 61
    pretrained = read('mmselfsup0', foreign.mmselfsup0(parts) | dict(meta=twice))
    text = convert(pretrained, 'npid_mm', tmp_path / 'out.pth')
    assert 'meta.1: <the same as meta.0>' in text
