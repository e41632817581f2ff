"""Reading and formatting of configs, faster than MMEngine's."""

import pytest
from mmengine.config import Config, utils
from mmengine.config import config as mmengine_config
from yapf.yapflib import yapf_api

from npid_mm.config.config_file import LOOKUP, config_from_file, format_once

BASES = ('_base_/default_runtime.py', 'resnet/resnet18_8xb32_in1k.py')


@pytest.mark.parametrize('base', BASES)
def test_a_base_of_another_package_is_what_mmengine_finds(tmp_path, base, monkeypatch):
    original = getattr(utils, LOOKUP)
    monkeypatch.setattr(mmengine_config, LOOKUP, original)  # conftest.py replaces it
    path = tmp_path / 'config.py'
    path.write_text(f"_base_ = 'mmpretrain::{base}'\n")
    assert config_from_file(path).to_dict() == Config.fromfile(path).to_dict()
    assert getattr(mmengine_config, LOOKUP) is original


def test_a_missing_base_is_named(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("_base_ = 'mmpretrain::resnet/nowhere.py'\n")
    with pytest.raises(ValueError, match=r'config .*config\.py cannot be read: .*nowhere\.py'):
        config_from_file(path)


def test_mmengine_without_the_lookup_is_used_as_it_is(tmp_path, monkeypatch):
    monkeypatch.delattr(mmengine_config, LOOKUP)
    path = tmp_path / 'config.py'
    path.write_text('lr = 1\n')
    assert config_from_file(path).lr == 1


def test_a_config_is_formatted_again_only_after_a_change(monkeypatch):
    calls, original = [], yapf_api.FormatCode

    def counted(text, **options):
        calls.append(text)
        return original(text, **options)

    monkeypatch.setattr(yapf_api, 'FormatCode', counted)
    cfg = Config(dict(model=dict(type='NPID'), steps=[1, 2]))
    expected = cfg.pretty_text
    format_once()
    format_once()
    assert [cfg.pretty_text, cfg.pretty_text] == [expected] * 2 and len(calls) == 2
    cfg.steps = [3]
    assert 'steps = [\n    3,' in cfg.pretty_text and len(calls) == 3
