"""Checkpoints of other code bases, as fixtures."""

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from npid_mm.checkpoints.convert.importers import read_pretrained
from tests.test_checkpoints import foreign
from tests.toy import ROOT


@pytest.fixture(scope='session')
def parts():
    return foreign.resnet_parts()


@pytest.fixture
def read(parts, tmp_path):
    """Write the checkpoint of a code base, or other content, and import it."""

    def read(code_base, content=None, zipped=True):
        content = foreign.WRITERS[code_base](parts) if content is None else content
        return read_pretrained(foreign.write(content, tmp_path / 'in.pth', zipped), code_base)

    return read


@pytest.fixture
def build_recipe():
    """Build the model of a recipe, with a ResNet-18 and the dimensions of some parts."""

    def build_recipe(name, parts):
        cfg = Config.fromfile(ROOT / f'configs/selfsup/npid/{name}.py')
        cfg.model.backbone.depth = 18
        dim, width = parts['neck.fc.weight'].shape
        cfg.model.neck.update(in_channels=width, out_channels=dim)
        init_default_scope('mmpretrain')
        return MODELS.build(dict(cfg.model, data_preprocessor=None))

    return build_recipe
