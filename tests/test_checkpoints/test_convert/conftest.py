"""Checkpoints of other code bases, as fixtures."""

from functools import cache

import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from npid_mm.checkpoints.convert.importers import read_pretrained
from tests.shipped import shipped_config
from tests.test_checkpoints import foreign
from tests.toy import ROOT


@pytest.fixture(scope='session')
def parts():
    return foreign.resnet_parts()


@pytest.fixture(scope='session')
def imported(parts, tmp_path_factory):
    """Return the imported checkpoint of a code base, which is written and read once."""
    folder = tmp_path_factory.mktemp('code_bases')

    @cache
    def imported(code_base, zipped=True):
        path = folder / f'{code_base}_{zipped}.pth'
        foreign.write(foreign.WRITERS[code_base](parts), path, zipped)
        return read_pretrained(path, code_base)

    return imported


@pytest.fixture
def read(tmp_path):
    """Write a checkpoint and import it."""

    def read(code_base, content):
        return read_pretrained(foreign.write(content, tmp_path / 'in.pth'), code_base)

    return read


@pytest.fixture
def build_recipe():
    """Build the model of a recipe, with a ResNet-18 and the dimensions of some parts."""

    def build_recipe(name, parts):
        cfg = shipped_config(ROOT / f'configs/selfsup/npid/{name}.py')
        cfg.model.backbone.depth = 18
        dim, width = parts['neck.fc.weight'].shape
        cfg.model.neck.update(in_channels=width, out_channels=dim)
        init_default_scope('mmpretrain')
        return MODELS.build(dict(cfg.model, data_preprocessor=None))

    return build_recipe
