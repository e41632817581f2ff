"""What a user reads who starts a detection or segmentation without what it needs."""

import pytest
from mmengine.config import Config

from npid_mm.engine.launch import read_config
from npid_mm.extras import EXTRAS, OPS, MissingExtraError, check_extra
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
        rf"{EXTRAS[package]} needs {package}, which is not.*install -e '\.\[{EXTRAS[package]}\]'"
    )
    with pytest.raises(MissingExtraError, match=f'(?s){message}'):
        check_extra(package)


@pytest.mark.parametrize('package', EXTRAS)
def test_missing_operators_are_named_with_the_way_to_get_them(environment, package):
    environment(package)
    with pytest.raises(MissingExtraError, match=r'(?s)has none.*tools/install_mmcv_ops\.py'):
        check_extra(package)
    assert (ROOT / 'tools/install_mmcv_ops.py').is_file()


def test_operators_of_another_torch(environment):
    """After an upgrade of torch they are there and cannot be loaded."""
    environment('mmdet', OPS, loads=False)
    message = r'(?s)cannot be loaded with torch .*undefined symbol.*install_mmcv_ops\.py'
    with pytest.raises(MissingExtraError, match=message):
        check_extra('mmdet')


@pytest.mark.parametrize('there', [(), ('mmdet',)], ids=['no package', 'no operators'])
def test_the_official_family_is_not_told_to_mix(environment, there):
    """The extras would put the onedl packages on top of it."""
    environment(*there, versions=('torch', 'mmcv', 'mmengine'))
    with pytest.raises(MissingExtraError, match='never mix them. Install mmdet') as error:
        check_extra('mmdet')
    assert 'pip install -e' not in str(error.value) and 'tools/' not in str(error.value)


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
