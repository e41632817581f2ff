"""The directions of docs/design.md: who may import whom, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# package -> packages that it may import, besides itself, `utils` and ROOT_MODULES. The table of
# docs/design.md is printed from this one.
MAY_IMPORT = {
    'utils': set(),
    'losses': set(),
    'evaluation': set(),
    'images': set(),
    'visualization': {'images'},
    'datasets': {'images'},
    'checkpoints': {'datasets'},
    'models': {'losses', 'checkpoints'},
    'config': {'datasets'},
    'engine': {
        'models', 'losses', 'evaluation', 'datasets', 'checkpoints', 'images', 'config',
    },
    'analysis': {'engine', 'evaluation', 'datasets', 'checkpoints', 'images', 'config'},
    'retrieval': {'engine', 'evaluation', 'datasets', 'images', 'visualization', 'config'},
    'suites': {'engine', 'evaluation', 'datasets', 'checkpoints', 'config'},
    'cli': {'engine', 'suites', 'analysis', 'datasets', 'config'},
}  # fmt: skip

# Modules beside the packages that every package may import.
ROOT_MODULES = {'version', 'version_gate', 'extras'}

# Tensors, arrays or paths in, the same out: testable without a registry or a Runner.
PURE = ('utils', 'losses', 'evaluation.functional', 'images', 'visualization')
FRAMEWORK = {'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg'}

# Above the package: it may not lean on them.
ABOVE = {'tools', 'tests', 'configs', 'benchmarks'}


def imported_names(source: str, package: str) -> Iterator[str]:
    """Absolute dotted names that a source imports anywhere, also inside functions.

    Args:
        source: Python source.
        package: Dotted package that holds the file, which relative imports start from.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parts = package.split('.')
                parents = parts[: len(parts) - node.level + 1]
                base = '.'.join([*parents, base]) if base else '.'.join(parents)
            yield from (f'{base}.{alias.name}' for alias in node.names)


def violations(source: str, package: str) -> list[str]:
    """Return the imported names that a module of ``package`` may not import."""
    inside = package.partition('.')[2]
    name = inside.split('.')[0]
    assert name in MAY_IMPORT, f'{package}: add it to MAY_IMPORT and to docs/design.md'
    pure = f'{inside}.'.startswith(tuple(f'{each}.' for each in PURE))
    allowed = MAY_IMPORT[name] | {name, 'utils'} | ROOT_MODULES
    wrong = []
    for imported in imported_names(source, package):
        first, _, rest = imported.partition('.')
        upward = first == 'npid_mm' and rest.split('.')[0] not in allowed
        if upward or first in ABOVE or (pure and first in FRAMEWORK):
            wrong.append(imported)
    return wrong


def package_of(path: Path) -> str:
    """Dotted package that holds a file of the tree."""
    return '.'.join(path.relative_to(ROOT).parent.parts)


FILES = sorted(path for path in (ROOT / 'npid_mm').rglob('*.py') if path.parent.name != 'npid_mm')


def test_files_are_found():
    """An empty list would let every direction pass."""
    assert ROOT / 'npid_mm' / 'models' / 'npid.py' in FILES


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_directions(path):
    """Each module keeps to the table."""
    assert violations(path.read_text(encoding='utf-8'), package_of(path)) == []


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'npid_mm').glob('*.py')), ids=lambda path: path.name
)
def test_root_does_not_lean_on_what_is_above(path):
    """Modules beside the packages may import any package, but no tool, test or config."""
    names = imported_names(path.read_text(encoding='utf-8'), 'npid_mm')
    assert {name.split('.')[0] for name in names}.isdisjoint(ABOVE)


@pytest.mark.parametrize(
    ('source', 'package', 'expected'),
    [
        ('from npid_mm.models import NPID', 'npid_mm.losses', ['npid_mm.models.NPID']),
        ('import npid_mm.engine.hooks', 'npid_mm.datasets', ['npid_mm.engine.hooks']),
        ('from npid_mm import evaluation', 'npid_mm.models', ['npid_mm.evaluation']),
        ('import npid_mm', 'npid_mm.losses', ['npid_mm']),
        ('from ..engine import x', 'npid_mm.models', ['npid_mm.engine.x']),
        ('from ...engine.hooks import x', 'npid_mm.models.heads', ['npid_mm.engine.hooks.x']),
        ('from .. import engine', 'npid_mm.models', ['npid_mm.engine']),
        ('def f():\n    from npid_mm.models import x', 'npid_mm.losses', ['npid_mm.models.x']),
        ('import mmengine.dist', 'npid_mm.evaluation.functional', ['mmengine.dist']),
        (
            'from mmpretrain.registry import MODELS',
            'npid_mm.losses',
            ['mmpretrain.registry.MODELS'],
        ),
        ('from tools.train import main', 'npid_mm.engine', ['tools.train.main']),
    ],
)
def test_an_offending_source_is_caught(source, package, expected):
    """The check can fail: every form of import, absolute, relative and late."""
    assert violations(source, package) == expected


@pytest.mark.parametrize(
    ('source', 'package'),
    [
        ('import torch\nfrom .functional import f', 'npid_mm.losses'),
        ('from npid_mm.losses import nce_loss', 'npid_mm.models.heads'),
        ('from ..memory_banks import MemoryBank', 'npid_mm.models.heads'),
        ('from npid_mm.models import NPID\nfrom ..features import f', 'npid_mm.engine.hooks'),
        ('from mmpretrain.registry import MODELS', 'npid_mm.models'),
    ],
)
def test_an_allowed_source_passes(source, package):
    """The check can pass: a package may use itself, those below it and its libraries."""
    assert violations(source, package) == []


def test_a_package_without_a_rule_is_refused():
    """A new package does not slip through unread."""
    with pytest.raises(AssertionError, match='add it to MAY_IMPORT'):
        violations('import torch', 'npid_mm.attic')
