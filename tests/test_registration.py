"""Registration of the classes when a framework is first imported."""

import subprocess
import sys

import pytest

from npid_mm import registration
from npid_mm.registration import RegisterBeforeImport


def run(code):
    """Run code in a new process and return what it prints last."""
    command = [sys.executable, '-W', 'ignore', '-c', code]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert 'OneDL' not in result.stdout
    return result.stdout.splitlines()[-1]


def test_the_package_alone_imports_no_framework():
    heavy = {'torch', 'numpy', 'mmengine', 'mmcv', 'mmpretrain', 'sklearn', 'matplotlib'}
    assert run(f'import npid_mm, sys; print({heavy} & set(sys.modules))') == 'set()'


@pytest.mark.slow
@pytest.mark.parametrize(
    'first',
    [
        'import mmpretrain',
        'from mmengine.config import Config',
        'from npid_mm.engine.hooks import StepSeedHook',
    ],
)
def test_the_first_import_registers_everything(first):
    """Every registry, the model hub and the names of packages in configs are filled."""
    code = f"""
import npid_mm
{first}
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.fileio.backends.registry_utils import backends
from mmpretrain import list_models
from mmpretrain.registry import DATASETS, HOOKS, LOOPS, METRICS, MODELS, TRANSFORMS
names = dict(NPID=MODELS, InstanceDataset=DATASETS, MemoryBankHook=HOOKS, KNNTestLoop=LOOPS,
             LayerAccuracy=METRICS, LoadRandomResizedCrop=TRANSFORMS, SeedStepHook=HOOKS)
import mmengine
print(all(name in registry.module_dict for name, registry in names.items()),
      MODULE2PACKAGE['npid_mm'], 'atomic' in backends, bool(list_models('npid*')),
      npid_mm.engine.__spec__.loader.__class__.__name__, mmengine.registry is not None)
"""
    assert run(code) == 'True npid_mm True True SourceFileLoader True'


def test_attributes_are_imported_on_use():
    import npid_mm
    from npid_mm.retrieval import ImageRetriever

    assert npid_mm.ImageRetriever is ImageRetriever
    assert {'losses', 'ImageRetriever'} <= set(dir(npid_mm))
    with pytest.raises(AttributeError, match="module 'npid_mm' has no attribute 'missing'"):
        _ = npid_mm.missing


def test_a_refused_environment_is_refused_again(monkeypatch):
    """A second import in the same process must not skip the check."""
    hook = RegisterBeforeImport()
    monkeypatch.setattr(sys, 'meta_path', [hook, *sys.meta_path])
    monkeypatch.setattr(registration, 'installed_versions', lambda: {'torch': '1.0'})
    monkeypatch.delitem(sys.modules, 'mmcv')
    for _ in range(2):
        with pytest.raises(ImportError, match='torch 1.0 is installed'):
            import mmcv  # noqa: F401
        assert sys.meta_path[0] is hook


def test_distributions_that_share_a_name_are_reported(monkeypatch):
    both = {**registration.installed_versions(), 'turbojpeg': '0.0.2', 'PyTurboJPEG': '2.6.1'}
    monkeypatch.setattr(registration, 'installed_versions', lambda: both)
    monkeypatch.setattr('npid_mm.deprecated_names.register_deprecated_names', lambda: None)
    with pytest.warns(UserWarning, match='turbojpeg 0.0.2 and PyTurboJPEG 2.6.1'):
        registration.register()


def test_other_imports_pass():
    assert RegisterBeforeImport().find_spec('json', None) is None
