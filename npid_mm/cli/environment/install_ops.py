"""Install mmcv's compiled operators, which detection and segmentation need.

npid install-ops [--wheel FILE]

The wheel on the package index is pure Python. This compiles one for the installed torch, which
takes about 6 minutes on two cores, keeps it in the user's cache for later environments like this
one, and installs it. Without a visible GPU the operators are for the CPU only; FORCE_CUDA=1
compiles for GPUs elsewhere (TORCH_CUDA_ARCH_LIST lists them), which needs CUDA's compiler.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.extras import OPS
from npid_mm.utils.atomic_io import atomic_path

MMCV = 'onedl-mmcv'
BUILD = ['setuptools>=77,<81', 'wheel', 'ninja']  # mmcv's setup.py needs pkg_resources
# CFLAGS replaces Python's own flags, among them -g: debug information doubles the time.
FLAGS = '-O2 -DNDEBUG -fwrapv'
PIP = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet']


class NotInstalledError(RuntimeError):
    """The operators could not be installed."""


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description=str(__doc__).partition('\n')[0], epilog=str(__doc__).rpartition('\n\n')[2]
    )
    parser.add_argument('--wheel', type=Path, help='install this wheel instead of compiling one')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Install a given wheel, the one in the cache, or a new one."""
    args = parse_args(argv)
    mmcv = installed_mmcv()
    if args.wheel is None and loads():
        print('the compiled operators are already installed')
        return
    if args.wheel is not None:
        check_wheel(args.wheel)
    wheel = args.wheel or next(cache(mmcv).glob('*.whl'), None) or build(mmcv)
    pip('install', '--no-deps', '--force-reinstall', str(wheel))
    if not loads():
        raise NotInstalledError(
            f'{wheel} is installed, but cannot be loaded with torch {torch.__version__}: it was '
            'compiled for another torch version. Remove the file and repeat the command without '
            '--wheel'
        )
    print(f'installed {wheel}')


def installed_mmcv() -> str:
    """Return the version of the mmcv that gets the operators."""
    try:
        return version(MMCV)
    except PackageNotFoundError as error:
        raise NotInstalledError(
            f'{MMCV} is not installed, and only it can be compiled here: run pip install -e '
            "'.[onedl]' in an environment without OpenMMLab's own packages"
        ) from error


def loads() -> bool:
    """Return whether a new process can load the operators and npid_mm."""
    command = [sys.executable, '-W', 'ignore', '-c', f'import npid_mm, {OPS}']
    return subprocess.run(command, capture_output=True).returncode == 0


def check_wheel(wheel: Path) -> None:
    """Check that a file is a wheel of the installed mmcv."""
    if not wheel.is_file():
        raise FileNotFoundError(f'--wheel: file not found: {wheel}')
    try:
        name = parse_wheel_filename(wheel.name)[0]
    except InvalidWheelFilename as error:
        raise NotInstalledError(f'--wheel must be a wheel of {MMCV}: {error}') from error
    if name != MMCV:
        raise NotInstalledError(
            f'--wheel must be a wheel of {MMCV}, got one of {name}: two packages that own the '
            'folder mmcv/ would overwrite each other'
        )


def cache(mmcv: str) -> Path:
    """Return the folder of the wheel for this mmcv, torch, Python, machine and these GPUs."""
    base = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    python = f'cp{sys.version_info.major}{sys.version_info.minor}'
    parts = [f'mmcv{mmcv}', f'torch{torch.__version__}', gpus(), python, platform.machine()]
    return base / 'npid_mm' / '-'.join(parts)


def gpus() -> str:
    """Return the name of the devices that the operators are compiled for."""
    if not torch.cuda.is_available() and os.environ.get('FORCE_CUDA') != '1':
        return 'cpu'
    named = os.environ.get('TORCH_CUDA_ARCH_LIST')
    if not named and torch.cuda.is_available():
        # torch compiles for the visible cards
        devices = range(torch.cuda.device_count())
        cards = {torch.cuda.get_device_capability(device) for device in devices}
        named = '_'.join(f'{major}.{minor}' for major, minor in sorted(cards))
    return f'cuda{torch.version.cuda}-{"_".join((named or "all").replace(";", " ").split())}'


def build(mmcv: str) -> Path:
    """Compile a wheel and put it into the cache."""
    print(f'compiling mmcv {mmcv} for torch {torch.__version__}, {gpus()}: about 6 minutes')
    if torch.version.cuda and gpus() == 'cpu':
        print('no GPU is visible: for the CPU only. For GPUs elsewhere set FORCE_CUDA=1')
    pip('install', *BUILD)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    jobs = os.environ.get('MAX_JOBS') or str(os.cpu_count())
    with tempfile.TemporaryDirectory() as folder:
        # pip would use the pure wheel of the index
        options = ['--no-deps', '--no-build-isolation', '--no-cache-dir', '--no-binary', MMCV]
        try:
            pip(
                *('wheel', *options, '--wheel-dir', folder, f'{MMCV}=={mmcv}'),
                MMCV_WITH_OPS='1',
                MAX_JOBS=jobs,
                PATH=path,
                CFLAGS=f'{os.environ.get("CFLAGS", "")} {FLAGS}'.strip(),
            )
        except NotInstalledError as error:
            raise NotInstalledError(
                'the compilation failed, see above. It needs a C++ compiler, for GPUs also nvcc of '
                f"torch's CUDA ({torch.version.cuda}), and memory for {jobs} compilers at once "
                '(MAX_JOBS=1 for fewer); --wheel installs a wheel compiled elsewhere'
            ) from error
        (wheel,) = Path(folder).glob('*.whl')
        kept = cache(mmcv) / wheel.name
        with atomic_path(kept) as unfinished:
            shutil.copy(wheel, unfinished)
    return kept


def pip(*arguments: str, **environment: str) -> None:
    """Run pip in this environment.

    Raises:
        NotInstalledError: If pip fails; it has printed why.
    """
    status = subprocess.run([*PIP, *arguments], env=os.environ | environment).returncode
    if status:
        raise NotInstalledError(f'pip {arguments[0]} ended with status {status}, see above')
