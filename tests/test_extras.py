"""What a user reads who starts something without what it needs besides the package."""

import json
import sys

import pytest
from mmengine.config import Config

from npid_mm.cli.main import COMMANDS
from npid_mm.config.read_config import read_config
from npid_mm.extras import EXTRAS, OPS, OPTIONAL, MissingExtraError, check_extra, optional_module
from tests.toy import ROOT

SEGMENTATION = ROOT / 'configs/benchmarks/mmsegmentation'
VOC12AUG = SEGMENTATION / 'voc12aug/fcn_r50-d8_4xb4-20k_voc12aug-512x512.py'


@pytest.fixture
def environment(monkeypatch):
    """Let it seem that these modules are there, and nothing else that an extra is about."""

    def pretend(*modules, loads=True, versions=('torch', 'onedl-mmcv')):
        def load(name):
            if not loads:
                raise ImportError('undefined symbol: _ZN2at4')

        spec = {name: object() for name in modules}
        monkeypatch.setattr('npid_mm.extras.find_spec', spec.get)
        monkeypatch.setattr('npid_mm.extras.import_module', load)
        monkeypatch.setattr('npid_mm.extras.installed_versions', lambda: dict.fromkeys(versions))

    return pretend


@pytest.mark.parametrize('package', EXTRAS)
def test_all_there_passes(environment, package):
    environment(package, OPS)
    check_extra(package)


@pytest.mark.parametrize('package', EXTRAS)
def test_missing_package_is_named_with_its_extra(environment, package):
    environment(OPS)
    message = (
        rf"{EXTRAS[package]} needs {package}, which is not.*install 'npid-mm\[{EXTRAS[package]}\]'"
    )
    with pytest.raises(MissingExtraError, match=f'(?s){message}'):
        check_extra(package)


@pytest.mark.parametrize('package', EXTRAS)
def test_missing_operators_are_named_with_the_way_to_get_them(environment, package):
    environment(package)
    with pytest.raises(MissingExtraError, match='(?s)has none.*npid install-ops'):
        check_extra(package)
    assert 'install-ops' in COMMANDS


def test_operators_of_another_torch(environment):
    """After an upgrade of torch they are there and cannot be loaded."""
    environment('mmdet', OPS, loads=False)
    message = r'(?s)cannot be loaded with torch .*undefined symbol.*npid install-ops'
    with pytest.raises(MissingExtraError, match=message):
        check_extra('mmdet')


@pytest.mark.parametrize('there', [(), ('mmdet',)], ids=['no package', 'no operators'])
def test_the_official_family_is_not_told_to_mix(environment, there):
    """The extras would put the onedl packages on top of it."""
    environment(*there, versions=('torch', 'mmcv', 'mmengine'))
    with pytest.raises(MissingExtraError, match='which must not be mixed. Install mmdet') as error:
        check_extra('mmdet')
    assert "pip install 'npid-mm" not in str(error.value) and 'npid install' not in str(error.value)


def test_config_that_inherits_from_a_missing_package(environment, monkeypatch):
    """Not MMEngine's advice to install a distribution of another name."""
    monkeypatch.setattr('mmengine.config.config.is_installed', lambda package: False)
    environment()
    with pytest.raises(MissingExtraError, match='segmentation needs mmseg, which is not installed'):
        read_config(VOC12AUG)


def test_config_whose_custom_import_lacks_operators(environment, tmp_path, monkeypatch):
    """MMEngine would only say which import failed."""
    (tmp_path / 'needs_operators.py').write_text(
        'from npid_mm.extras import check_extra\ncheck_extra("mmdet")\n'
    )
    environment('mmdet')
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / 'config.py'
    path.write_text('custom_imports = dict(imports=["needs_operators"])\n')
    with pytest.raises(MissingExtraError, match='needs the compiled operators of mmcv'):
        read_config(path)


def test_config_of_a_scope_without_operators(environment, tmp_path):
    """Before MMSegmentation is imported, which would fail somewhere inside."""
    path = tmp_path / 'config.py'
    path.write_text("default_scope = 'mmseg'\n")
    environment('mmseg')
    with pytest.raises(MissingExtraError, match='needs the compiled operators of mmcv'):
        read_config(path)


def test_other_import_errors_stay_what_they_are(environment, tmp_path):
    environment()
    path = tmp_path / 'config.py'
    path.write_text('custom_imports = dict(imports=["my_mmdet_tools"])\n')
    with pytest.raises(ImportError, match='my_mmdet_tools') as caught:
        read_config(path)
    assert not isinstance(caught.value, MissingExtraError)
    assert isinstance(read_config(ROOT / 'configs/selfsup/_base_/default_runtime.py'), Config)


@pytest.mark.parametrize('package', OPTIONAL)
@pytest.mark.parametrize('module', ['{}', '{}.part'], ids=['package', 'module in it'])
def test_missing_optional_package_is_named_with_its_extra(monkeypatch, package, module):
    monkeypatch.setitem(sys.modules, package, None)
    distribution, extra = OPTIONAL[package]
    message = (
        f'drawing needs {distribution}, which is not installed.\n'
        f"Type: pip install 'npid-mm[{extra}]'"
    )
    with pytest.raises(MissingExtraError) as caught:
        optional_module(module.format(package), 'drawing')
    assert str(caught.value) == message


def test_optional_module_that_is_there_is_given(monkeypatch):
    monkeypatch.setitem(OPTIONAL, 'json', ('json', 'pictures'))
    assert optional_module('json.decoder', 'drawing') is json.decoder


def test_optional_package_that_lacks_something_itself(monkeypatch, tmp_path):
    """To install it again would not help."""
    (tmp_path / 'umap.py').write_text('import package_that_umap_needs\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'umap', raising=False)
    with pytest.raises(ModuleNotFoundError, match="No module named 'package_that_umap_needs'"):
        optional_module('umap', 'drawing')
