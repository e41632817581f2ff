"""The version gate rejects incompatible versions and names the command that fixes them."""

import re

import pytest

from npid_mm.version_gate import OWNERS, check_versions, installed_versions, name_clashes

ONEDL = {
    'torch': '2.10.0',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
}
OPENMMLAB = {'torch': '2.5.1', 'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmpretrain': '1.2.0'}


def without(versions, name):
    """Copy the versions, less one distribution."""
    return {key: value for key, value in versions.items() if key != name}


def refusal(versions):
    """Return the three lines of the error for these versions."""
    with pytest.raises(ImportError) as error:
        check_versions(versions)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    'versions',
    [
        ONEDL,
        OPENMMLAB,
        ONEDL | {'torch': '2.4.0'},
        ONEDL | {'torch': '2.10.0+cpu'},
        ONEDL | {'torch': '2.11.0a0+git1234'},
        without(OPENMMLAB, 'mmcv') | {'mmcv-lite': '2.1.0'},
        without(OPENMMLAB, 'mmengine') | {'mmengine-lite': '0.10.7'},
    ],
)
def test_usable_sets_pass(versions):
    """Both families, the light builds, and local and development versions of torch pass."""
    check_versions(versions)


def test_this_environment_passes():
    """The distributions of this environment are found."""
    installed = installed_versions()
    assert 'torch' in installed
    assert any(name in installed for name in OWNERS['mmpretrain'])
    check_versions(installed)


def test_distributions_with_the_same_import_name_are_named():
    """Both provide the module turbojpeg, and mmcv's backend needs the second one's."""
    both = {'torch': '2.10.0', 'turbojpeg': '0.0.2', 'PyTurboJPEG': '2.6.1'}
    (message,) = name_clashes(both)
    assert message.startswith(
        'turbojpeg 0.0.2 and PyTurboJPEG 2.6.1 are installed together, so '
        "mmcv.use_backend('turbojpeg') does not work"
    )
    assert 'pip uninstall -y turbojpeg PyTurboJPEG && pip install PyTurboJPEG' in message
    for name in ('turbojpeg', 'PyTurboJPEG'):
        assert name_clashes({key: both[key] for key in ('torch', name)}) == []


def test_missing_distributions_are_left_out(monkeypatch):
    """A distribution without metadata is absent from the answer, not None."""
    from importlib.metadata import PackageNotFoundError

    def version(name):
        if name == 'torch':
            return '2.10.0'
        raise PackageNotFoundError(name)

    monkeypatch.setattr('npid_mm.version_gate.version', version)
    assert installed_versions() == {'torch': '2.10.0'}


@pytest.mark.parametrize(
    ('missing', 'line'),
    [
        ('onedl-mmengine', 'pip install -U "onedl-mmengine>=0.10.12,<1.0"'),
        ('onedl-mmcv', 'pip install -U "onedl-mmcv>=2.3.6,<2.4"'),
        ('onedl-mmpretrain', 'pip install -U "onedl-mmpretrain>=1.3.6,<2.0"'),
    ],
)
def test_missing_package(missing, line):
    """A missing package is named by what one imports, and its onedl distribution is proposed."""
    found, allowed, fix = refusal(without(ONEDL, missing))
    assert found.endswith(f'{missing.removeprefix("onedl-")} is not installed.')
    assert allowed.startswith(f'Allowed: exactly one of {missing}>=')
    assert fix == f'Type: {line}'


@pytest.mark.parametrize(
    ('missing', 'wanted'),
    [('mmengine', 'mmengine'), ('mmcv', 'mmcv-lite'), ('mmpretrain', 'mmpretrain')],
)
def test_missing_package_of_the_official_set(missing, wanted):
    """The official set is completed from itself: onedl-mmcv would pull in a second mmengine."""
    found, _, fix = refusal(without(OPENMMLAB, missing))
    assert found.endswith(f'{missing} is not installed.')
    assert fix == f'Type: pip install -U "{wanted}{OWNERS[missing][wanted]}"'


def test_nothing_installed():
    """An empty environment is asked for torch first, by a message and not by a KeyError."""
    found, allowed, fix = refusal({})
    assert found.endswith('torch is not installed.')
    assert allowed == 'Allowed: torch>=2.4,<3.'
    assert fix == "Type: pip install 'npid-mm[onedl]'"


@pytest.mark.parametrize('torch', ['1.13.1', '2.3.1+cu121', '3.0.0'])
def test_torch_outside_the_range(torch):
    """A torch that is too old or of an unknown major version is refused by its number."""
    found, _, fix = refusal(ONEDL | {'torch': torch})
    assert found.endswith(f'torch {torch} is installed.')
    assert fix == 'Type: pip install -U "torch>=2.4,<3" torchvision'


@pytest.mark.parametrize(
    ('module', 'second'),
    [
        ('mmengine', {'mmengine': '0.10.7'}),
        ('mmengine', {'mmengine-lite': '0.10.7'}),
        ('mmcv', {'mmcv': '2.1.0'}),
        ('mmcv', {'mmcv-lite': '2.1.0'}),
        ('mmcv', {'mmcv-full': '1.7.2'}),
        ('mmpretrain', {'mmpretrain': '1.2.0'}),
    ],
)
def test_two_owners_of_one_folder(module, second):
    """Two distributions in one folder are both named, and all are taken out before the install."""
    (name, version) = next(iter(second.items()))
    found, allowed, fix = refusal(ONEDL | second)
    assert f'onedl-{module} {ONEDL[f"onedl-{module}"]} and {name} {version}' in found
    assert f'both own the folder {module}/' in found
    assert 'exactly one of' in allowed
    uninstall, install = fix.removeprefix('Type: ').split(' && ')
    assert set(uninstall.split()[3:]) == {'onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain', name}
    assert install == (
        'pip install "onedl-mmengine>=0.10.12,<1.0" "onedl-mmcv>=2.3.6,<2.4" '
        '"onedl-mmpretrain>=1.3.6,<2.0"'
    )


def test_two_official_builds_of_mmcv():
    """Mmcv and mmcv-lite collide without any onedl package in sight."""
    found = refusal(OPENMMLAB | {'mmcv-lite': '2.1.0'})[0]
    assert 'mmcv 2.1.0 and mmcv-lite 2.1.0 are installed together' in found


@pytest.mark.parametrize(
    ('name', 'version', 'fix'),
    [
        ('onedl-mmengine', '0.10.8', 'pip install -U "onedl-mmengine>=0.10.12,<1.0"'),
        ('onedl-mmengine', '1.0.0', 'pip install -U "onedl-mmengine>=0.10.12,<1.0"'),
        ('onedl-mmcv', '2.3.0', 'pip install -U "onedl-mmcv>=2.3.6,<2.4"'),
        ('onedl-mmcv', '2.4.0', 'pip install -U "onedl-mmcv>=2.3.6,<2.4"'),
        ('onedl-mmpretrain', '1.3.0', 'pip install -U "onedl-mmpretrain>=1.3.6,<2.0"'),
        ('onedl-mmpretrain', '2.0.0', 'pip install -U "onedl-mmpretrain>=1.3.6,<2.0"'),
    ],
)
def test_onedl_version_outside_the_range(name, version, fix):
    """Too old and too new both name the version that is there and the range."""
    found, allowed, typed = refusal(ONEDL | {name: version})
    assert found.endswith(f'{name} {version} is installed.')
    assert re.search(rf'{name}>=[\d.]+,<[\d.]+', allowed)
    assert typed == f'Type: {fix}'


@pytest.mark.parametrize(
    ('name', 'version', 'fix'),
    [
        ('mmengine', '0.7.4', 'pip install -U "mmengine>=0.10.0,<1.0"'),
        ('mmcv', '1.7.2', 'pip uninstall -y mmcv && pip install -U "mmcv-lite>=2.0.0,<2.4"'),
        ('mmcv', '2.4.0', 'pip uninstall -y mmcv && pip install -U "mmcv-lite>=2.0.0,<2.4"'),
        ('mmpretrain', '1.0.2', 'pip install -U "mmpretrain>=1.2.0,<2.0"'),
    ],
)
def test_official_version_outside_the_range(name, version, fix):
    """The official set is repaired by what installs from PyPI: mmcv itself has no wheel there."""
    found, _, typed = refusal(OPENMMLAB | {name: version})
    assert found.endswith(f'{name} {version} is installed.')
    assert typed == f'Type: {fix}'


def test_mmcv_full_is_replaced():
    """mmcv-full ended with mmcv 1: it is taken out, not upgraded."""
    found, _, fix = refusal(without(OPENMMLAB, 'mmcv') | {'mmcv-full': '1.7.2'})
    assert found.endswith('mmcv-full 1.7.2 is installed.')
    assert fix.startswith('Type: pip uninstall -y mmcv-full && pip install -U "mmcv-lite')


@pytest.mark.parametrize('name', ['mmengine', 'mmengine-lite'])
@pytest.mark.parametrize('torch', ['2.6.0', '2.6.0+cu124', '2.10.0'])
def test_official_mmengine_cannot_resume_with_new_torch(name, torch):
    """The loss of a training run at its first resume is refused before it starts."""
    versions = without(OPENMMLAB, 'mmengine') | {name: '0.10.7', 'torch': torch}
    found, allowed, fix = refusal(versions)
    assert f'{name} 0.10.7 is installed with torch {torch}' in found
    assert 'cannot resume a checkpoint' in found
    assert allowed == 'Allowed: onedl-mmengine>=0.10.12,<1.0, or torch<2.6.'
    assert fix.startswith(f'Type: pip uninstall -y {name} mmcv mmpretrain && pip install "onedl-')
