"""Versions, devices and fast paths of an environment. Each check works if the others fail."""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import module_from_spec
from pathlib import Path

from packaging.requirements import Requirement

from npid_mm.extras import INSTALL
from npid_mm.version import __version__
from npid_mm.version_gate import OWNERS, check_versions, installed_versions, name_clashes

SHOWN = (
    *('torch', 'torchvision', *(name for owners in OWNERS.values() for name in owners)),
    *('onedl-mmdetection', 'onedl-mmsegmentation', 'mmdet', 'mmsegmentation'),
    *('faiss-cpu', 'onnxruntime'),
)
FLAGS = ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16')


@dataclass
class Finding:
    """A line of the report.

    Attributes:
        name (str): What was looked at.
        text (str): What was found.
        advice (str): What to type, or why it cannot be used.
        wrong (bool): Whether something that every training needs is missing.
    """

    name: str
    text: str
    advice: str = ''
    wrong: bool = False


def versions() -> Iterator[Finding]:
    """Yield the installed versions, missing requirements and the verdict of the version gate."""
    yield Finding('npid-mm', f'{__version__}, Python {platform.python_version()}')
    for name in SHOWN:
        found = _version(name)
        if found:
            yield Finding(name, found)
    for each in _requirements():
        found = _version(each.name)
        if found is None or not each.specifier.contains(found, prereleases=True):
            have = f'{found} is installed' if found else 'not installed'
            advice = f'pip install "{each.name}{each.specifier}"'
            yield Finding(each.name, f'{have}, needs {each.specifier or "any"}', advice, wrong=True)
    installed = installed_versions()
    try:
        check_versions(installed)
        yield Finding('together', 'these versions are known to work')
    except ImportError as error:
        text, _, advice = str(error).partition('\n')
        yield Finding('together', text, advice.replace('\n', ' '), wrong=True)
    for clash in name_clashes(installed):
        yield Finding('together', clash)


def devices() -> Iterator[Finding]:
    """Yield the processor and the GPUs."""
    name, flags = _processor()
    has = ', '.join(each for each in FLAGS if each in flags) or 'no known vector instructions'
    yield Finding('CPU', f'{name}, {os.cpu_count()} cores, {has}')
    try:
        import torch

        count = torch.cuda.device_count()
        for number in range(count):
            gpu = torch.cuda.get_device_properties(number)
            yield Finding(f'GPU {number}', f'{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB')
        if not count:
            cuda = f'for CUDA {torch.version.cuda}' if torch.version.cuda else 'for the CPU only'
            yield Finding('GPU', f'none is visible; this torch is built {cuda}')
    except (ImportError, OSError) as error:  # also a shared library that does not load
        yield Finding('GPU', f'unknown: torch cannot be imported: {error}', wrong=True)


def fast_paths() -> Iterator[Finding]:
    """Yield what is optional and makes something fast or possible."""
    yield _attempt('JPEG crops', _jpeg_crops)
    yield _attempt('bfloat16 banks', _bfloat16)
    yield _attempt('mmcv operators', _operators)
    for name, package, extra, what in (
        ('approximate search', 'faiss', 'search', 'with faiss'),
        ('search without torch', 'onnxruntime', 'search', 'with onnxruntime'),
        ('safetensors', 'safetensors', 'convert', 'can be read and written'),
        ('UMAP', 'umap', 'pictures', 'npid draw bank --method umap'),
    ):
        found = PathFinder.find_spec(package) is not None
        yield Finding(name, what if found else 'off', '' if found else INSTALL.format(extra))
    page = Path(__file__).parents[2] / 'visualization/assets/neighbor_page.html'
    lost = '' if page.is_file() else 'pip install --force-reinstall --no-deps npid-mm'
    yield Finding('browser page', 'off' if lost else 'npid search --html', lost)


def _attempt(name: str, check: Callable[[], tuple[str, str]]) -> Finding:
    """Return the finding of a check that imports something, or why it cannot be imported."""
    try:
        text, advice = check()
    except (ImportError, OSError) as error:
        text, advice = 'off', str(error).replace('\n', ' ')
    return Finding(name, text, advice)


def _jpeg_crops() -> tuple[str, str]:
    from npid_mm.images.jpeg import decodes_crops

    if decodes_crops():
        return 'with libjpeg-turbo', ''
    return 'off: OpenCV decodes whole images', INSTALL.format('fast-jpeg')


def _bfloat16() -> tuple[str, str]:
    from npid_mm.losses.onednn import multiplies_bfloat16

    if multiplies_bfloat16():
        return 'in bfloat16 on the CPU', ''
    return 'in float32 on the CPU', 'nothing to install: the CPU or torch has no kernel for it'


def _operators() -> tuple[str, str]:
    package = PathFinder.find_spec('mmcv')
    spec = package and PathFinder.find_spec('mmcv._ext', package.submodule_search_locations)
    if not spec:
        return 'off', 'npid install-ops (for detection and segmentation)'
    import torch  # noqa: F401  its libraries, which the operators need

    module_from_spec(spec)  # not an import of mmcv
    return 'for detection and segmentation', ''


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _requirements() -> list[Requirement]:
    """Return what npid-mm requires here, without its extras."""
    try:
        every = [Requirement(line) for line in requires('npid-mm') or ()]
    except PackageNotFoundError:  # a tree that is not installed
        return []
    return [each for each in every if each.marker is None or each.marker.evaluate({'extra': ''})]


def _processor() -> tuple[str, set[str]]:
    """Return the name of the processor and its flags, as far as the system tells."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine(), set()
    pairs = dict(line.split(':', 1) for line in lines if ':' in line)
    fields = {name.strip(): text.strip() for name, text in pairs.items()}
    name = fields.get('model name') or platform.machine()
    return name, set((fields.get('flags') or fields.get('Features') or '').split())
