"""Reject incompatible package versions and print the pip command that fixes them.

Two families of distributions carry the same import names: the maintained `onedl-*` set and the
official OpenMMLab set. Both write into the folders ``mmengine``, ``mmcv`` and ``mmpretrain``, so
both together leave a mixture of files that pip does not see. The check is a pure function over
installed versions, so tests need not install anything.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

from packaging.specifiers import SpecifierSet

TORCH = '>=2.4,<3'

# import name -> distributions that own its folder -> allowed versions; the docs recommend the
# first. No version of 'mmcv-full' passes, as it ended with mmcv 1: it is listed because its files
# are in the same folder.
OWNERS = {
    'mmengine': {
        'onedl-mmengine': '>=0.10.12,<1.0',
        'mmengine': '>=0.10.0,<1.0',
        'mmengine-lite': '>=0.10.0,<1.0',
    },
    'mmcv': {
        'onedl-mmcv': '>=2.3.6,<2.4',
        'mmcv': '>=2.0.0,<2.4',
        'mmcv-lite': '>=2.0.0,<2.4',
        'mmcv-full': '>=2.0.0,<2.4',
    },
    'mmpretrain': {
        'onedl-mmpretrain': '>=1.3.6,<2.0',
        'mmpretrain': '>=1.2.0,<2.0',
    },
}

# Distribution to install for an import name if the environment is of that family. mmcv-lite, as
# mmcv has no wheel on PyPI, and its source does not build with a current setuptools.
ONEDL = {'mmengine': 'onedl-mmengine', 'mmcv': 'onedl-mmcv', 'mmpretrain': 'onedl-mmpretrain'}
OPENMMLAB = {'mmengine': 'mmengine', 'mmcv': 'mmcv-lite', 'mmpretrain': 'mmpretrain'}

# (two distributions with the same import name, what does not work beside both)
CLASHES = (
    (
        'turbojpeg',
        'PyTurboJPEG',
        "mmcv.use_backend('turbojpeg') does not work: both provide the module turbojpeg. The "
        'former is the extra fast-jpeg of npid-mm, which a system with libjpeg-turbo 3 does not '
        'need: '
        'pip uninstall -y turbojpeg PyTurboJPEG && pip install PyTurboJPEG',
    ),
)

# From this version on torch.load reads weights only by default.
TORCH_WEIGHTS_ONLY = '>=2.6'


def installed_versions() -> dict[str, str]:
    """Read the versions of the distributions that :func:`check_versions` compares.

    Returns:
        dict[str, str]: Distribution name -> version of those that are installed.
    """
    found = {}
    owners = [name for names in OWNERS.values() for name in names]
    for name in ['torch', *owners, *(name for clash in CLASHES for name in clash[:2])]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def check_versions(installed: dict[str, str]) -> None:
    """Reject the first version or combination that is known not to work.

    Args:
        installed (dict[str, str]): Distribution name -> version, see :func:`installed_versions`.

    Raises:
        ImportError: If torch, mmengine, mmcv or mmpretrain is missing, outside the tested
            versions, or installed under two distribution names, or if the mmengine cannot resume
            with the installed torch. The message has what is installed, what is allowed and what
            to type.
    """
    _check_torch(installed)
    for module, owners in OWNERS.items():
        _check_owner(module, owners, installed)
    _check_resume(installed)


def name_clashes(installed: dict[str, str]) -> list[str]:
    """Describe the installed distributions that share an import name and still import.

    Args:
        installed (dict[str, str]): Distribution name -> version, see :func:`installed_versions`.

    Returns:
        list[str]: For each pair what is installed, what does not work, and what to type.
    """
    return [
        f'{first} {installed[first]} and {second} {installed[second]} are installed together, so '
        f'{consequence}'
        for first, second, consequence in CLASHES
        if first in installed and second in installed
    ]


def _check_torch(installed: dict[str, str]) -> None:
    if 'torch' not in installed:
        _refuse('torch is not installed', f'torch{TORCH}', "pip install 'npid-mm[onedl]'")
    fix = f'pip install -U "torch{TORCH}" torchvision'
    if not _allows(TORCH, installed['torch']):
        _refuse(f'torch {installed["torch"]} is installed', f'torch{TORCH}', fix)


def _check_owner(module: str, owners: dict[str, str], installed: dict[str, str]) -> None:
    present = [name for name in owners if name in installed]
    allowed = 'exactly one of ' + ', '.join(f'{name}{owners[name]}' for name in owners)
    if not present:
        _refuse(f'{module} is not installed', allowed, _install_line(module, installed))
    if len(present) > 1:
        found = ' and '.join(f'{name} {installed[name]}' for name in present)
        _refuse(
            f'{found} are installed together, and both own the folder {module}/',
            allowed,
            _replace_line(installed),
        )
    name = present[0]
    if not _allows(owners[name], installed[name]):
        _refuse(f'{name} {installed[name]} is installed', allowed, _install_line(module, installed))


def _check_resume(installed: dict[str, str]) -> None:
    official = [name for name in ('mmengine', 'mmengine-lite') if name in installed]
    if official and _allows(TORCH_WEIGHTS_ONLY, installed['torch']):
        _refuse(
            f'{official[0]} {installed[official[0]]} is installed with torch '
            f'{installed["torch"]}, and it cannot resume a checkpoint there: torch.load reads '
            'weights only since torch 2.6',
            f'onedl-mmengine{OWNERS["mmengine"]["onedl-mmengine"]}, or torch<2.6',
            _replace_line(installed),
        )


def _allows(specifier: str, found: str) -> bool:
    return SpecifierSet(specifier).contains(found, prereleases=True)


def _install_line(module: str, installed: dict[str, str]) -> str:
    """Return the command that installs a package of the family that is already installed."""
    owners = {name for names in OWNERS.values() for name in names if name in installed}
    official = [name for name in owners if not name.startswith('onedl-')]
    wanted = (OPENMMLAB if official else ONEDL)[module]
    others = [name for name in OWNERS[module] if name in installed and name != wanted]
    uninstall = f'pip uninstall -y {" ".join(others)} && ' if others else ''
    return f'{uninstall}pip install -U "{wanted}{OWNERS[module][wanted]}"'


def _replace_line(installed: dict[str, str]) -> str:
    """Return the command that removes all three packages and installs the onedl set.

    Removing one of two distributions would delete files of the other, and a remaining member of
    the official set would pull in the official mmengine.
    """
    present = [name for owners in OWNERS.values() for name in owners if name in installed]
    wanted = ' '.join(f'"{name}{OWNERS[module][name]}"' for module, name in ONEDL.items())
    return f'pip uninstall -y {" ".join(present)} && pip install {wanted}'


def _refuse(found: str, allowed: str, fix: str) -> NoReturn:
    raise ImportError(f'npid_mm cannot be used here: {found}.\nAllowed: {allowed}.\nType: {fix}')
