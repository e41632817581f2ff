"""Which package may import which, and the size of packages and modules.

``python -m tests.test_imports`` prints the table of imports for docs/design.md.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]

# package -> packages that it may import, besides itself, `utils` and ROOT_MODULES. A package
# imports only packages that are listed before it. docs/design.md has the same table.
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
    'export': {'engine', 'images', 'datasets', 'config'},
    'analysis': {'engine', 'evaluation', 'datasets', 'checkpoints', 'images', 'config'},
    'retrieval': {
        'engine', 'evaluation', 'datasets', 'images', 'visualization', 'config', 'export',
    },
    'curation': {
        'retrieval', 'engine', 'evaluation', 'checkpoints', 'datasets', 'visualization', 'images',
    },
    'api': {
        'engine', 'retrieval', 'datasets', 'checkpoints', 'images', 'visualization', 'config',
        'export', 'models',
    },
    'suites': {'engine', 'evaluation', 'datasets', 'checkpoints', 'config'},
    'cli': {
        'engine', 'suites', 'analysis', 'retrieval', 'evaluation', 'datasets', 'checkpoints',
        'visualization', 'config', 'api', 'export', 'losses', 'images', 'curation',
    },
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


def table() -> str:
    """Return MAY_IMPORT as a table in Markdown."""
    lines = ['| package | may import |', '|---|---|']
    for name, allowed in MAY_IMPORT.items():
        ordered = ', '.join(f'`{each}`' for each in MAY_IMPORT if each in allowed)
        lines.append(f'| `{name}` | {ordered or "nothing"} |')
    return '\n'.join(lines)


def package_of(path: Path) -> str:
    """Dotted package that holds a file of the tree."""
    return '.'.join(path.relative_to(ROOT).parent.parts)


FILES = sorted(path for path in (ROOT / 'npid_mm').rglob('*.py') if path.parent.name != 'npid_mm')
MODULES = [path for path in (ROOT / 'npid_mm').rglob('*.py') if path.name != '__init__.py']


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


def test_packages_import_only_those_listed_before_them():
    """So there is no cycle."""
    above = {
        name: allowed - set(list(MAY_IMPORT)[:position])
        for position, (name, allowed) in enumerate(MAY_IMPORT.items())
    }
    assert above == dict.fromkeys(MAY_IMPORT, set())


def test_the_design_page_has_the_table():
    text = (ROOT / 'docs' / 'design.md').read_text(encoding='utf-8')
    printed = text.partition('prints this table -->\n')[2].partition('\n<!-- end of imports')[0]
    assert printed == table(), 'run python -m tests.test_imports and replace the table'


def test_packages_and_modules_are_small():
    """At most 12 modules in a package, 250 lines in a module, and a median below 120."""
    lines = {path: len(path.read_text(encoding='utf-8').splitlines()) for path in MODULES}
    assert {path.name: count for path, count in lines.items() if count > 250} == {}
    assert median(lines.values()) < 120
    counts = {}
    for path in MODULES:
        counts[path.parent.name] = counts.get(path.parent.name, 0) + 1
    assert {name: count for name, count in counts.items() if count > 12} == {}


if __name__ == '__main__':
    print(table())
