"""Requirements, extras, version and content of the wheel, as setup.py declares them."""

import fnmatch
import re
import runpy
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import npid_mm
from npid_mm.extras import EXTRAS, OPTIONAL
from npid_mm.version_gate import OWNERS, TORCH, check_versions
from tests.pages import pages

ROOT = Path(__file__).parents[1]

TOP_LEVEL = {
    '.ci',
    '.github',
    '.gitignore',
    '.pre-commit-config.yaml',
    'CHANGELOG.md',
    'CITATION.cff',
    'CONTRIBUTING.md',
    'LICENSE',
    'MANIFEST.in',
    'Makefile',
    'README.md',
    'SECURITY.md',
    'benchmarks',
    'configs',
    'docs',
    'model-index.yml',
    'npid_mm',
    'pyproject.toml',
    'requirements',
    'setup.py',
    'tests',
    'tools',
}

GATE = {name: allowed for owners in OWNERS.values() for name, allowed in owners.items()}


@pytest.fixture
def setup_arguments(monkeypatch):
    """Return the arguments of setup.py for setuptools, without building anything."""
    caught = {}
    monkeypatch.setattr('setuptools.setup', lambda **kwargs: caught.update(kwargs))
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(ROOT / 'setup.py'))
    return caught


def constraints():
    """Return name -> pinned version."""
    text = (ROOT / 'requirements' / 'constraints.txt').read_text(encoding='utf-8')
    lines = [line for line in text.splitlines() if line and not line.startswith('#')]
    return dict(line.split('==') for line in lines)


def lower_bound(requirement):
    """Return the version after >= of a requirement."""
    return next(item.version for item in requirement.specifier if item.operator == '>=')


def test_mm_packages_are_never_required(setup_arguments):
    """Two families own the same folders: a requirement would put one on top of the other."""
    names = [Requirement(line).name for line in setup_arguments['install_requires']]
    assert names
    assert not [name for name in names if name.startswith(('mm', 'onedl', 'openmim'))]


def test_the_name_of_pyturbojpeg_is_not_taken_without_being_asked_for(setup_arguments):
    """Turbojpeg provides the same module, and mmcv's backend of that name needs the other."""
    holders = {
        extra
        for extra, lines in setup_arguments['extras_require'].items()
        if 'turbojpeg' in {Requirement(line).name for line in lines}
    }
    assert holders == {'fast-jpeg', 'dev'}
    required = {Requirement(line).name for line in setup_arguments['install_requires']}
    assert 'turbojpeg' not in required


def test_extras_do_not_mix_the_families(setup_arguments):
    """Only the openmmlab extra names official distributions, and it names no onedl one."""
    for extra, lines in setup_arguments['extras_require'].items():
        names = {Requirement(line).name for line in lines}
        official = {name for name in names if name.startswith('mm')}
        onedl = {name for name in names if name.startswith('onedl-')}
        assert bool(official) == (extra == 'openmmlab'), extra
        assert not (official and onedl), extra


@pytest.mark.parametrize('extra', ['onedl', 'openmmlab'])
def test_the_gate_accepts_the_versions_of_an_extra(setup_arguments, extra):
    """The lowest versions that pip may choose for an extra are not refused on import."""
    requirements = [Requirement(line) for line in setup_arguments['extras_require'][extra]]
    lowest = {item.name: lower_bound(item) for item in requirements if item.name in GATE}
    assert len(lowest) == 3
    check_versions(lowest | {'torch': '2.5.1'})


def test_the_range_of_torch_is_that_of_the_gate(setup_arguments):
    """setup.py cannot import the gate, so the range is written twice."""
    for extra in ('onedl', 'openmmlab'):
        assert f'torch{TORCH}' in setup_arguments['extras_require'][extra]


def test_messages_name_extras_that_bring_what_is_missing(setup_arguments):
    extras = setup_arguments['extras_require']
    assert {'detection', 'segmentation'} == set(EXTRAS.values())
    for distribution, extra in OPTIONAL.values():
        assert distribution in [Requirement(line).name for line in extras[extra]]


def test_docs_name_every_extra_and_no_other_way_to_install_its_packages(setup_arguments):
    text = '\n'.join(page.read_text(encoding='utf-8') for page in pages())
    named = {
        extra
        for each in re.findall(r"pip install -e '\.\[([\w,-]+)\]'", text)
        for extra in each.split(',')
    }
    assert named == set(setup_arguments['extras_require'])
    optional = '|'.join(distribution for distribution, _ in OPTIONAL.values())
    assert not re.findall(rf'pip install [^`\n]*\b({optional})\b', text)


def test_constraints_fit_the_requirements(setup_arguments):
    """Each package that a target of the Makefile installs is pinned to an allowed version."""
    pins = constraints()
    extras = setup_arguments['extras_require']
    named = [extras[extra] for extra in ('onedl', 'dev', 'detection', 'segmentation', 'proposals')]
    for line in sum(named, setup_arguments['install_requires']):
        requirement = Requirement(line)
        if requirement.name == 'setuptools':  # pip freeze leaves it out
            continue
        pinned = pins.get(requirement.name, pins.get(requirement.name.replace('-', '_')))
        assert pinned, f'{requirement.name} has no pin in requirements/constraints.txt'
        assert requirement.specifier.contains(pinned), f'{line}, pinned {pinned}'
    check_versions(pins)


def test_version_is_one(setup_arguments):
    """The versions of the installation, import, changelog and citation agree."""
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
    assert citation['version'] == npid_mm.__version__
    assert setup_arguments['version'] == npid_mm.__version__
    headings = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8').splitlines()
    assert f'## {npid_mm.__version__}' in headings


def test_wheel_ships_every_folder(setup_arguments):
    """A folder without __init__.py works from the tree and is missing from the wheel."""
    folders = {path.parent for path in (ROOT / 'npid_mm').rglob('*.py')}
    dotted = {'.'.join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(setup_arguments['packages']) == dotted


def test_wheel_ships_every_data_file(setup_arguments):
    """A file that is not Python is missing from the wheel unless package_data names it."""
    package = ROOT / 'npid_mm'
    patterns = setup_arguments['package_data']['npid_mm']
    shipped = {path for pattern in patterns for path in package.glob(pattern)}
    files = {path for path in package.rglob('*') if path.is_file()}
    data = {path for path in files if path.suffix not in ('.py', '.pyc')}
    assert package / '.mim/model-index.yml' in data
    assert data <= shipped, f'not in package_data: {sorted(data - shipped)}'


def test_workflows_use_targets_extras_and_files_that_exist(setup_arguments):
    """GitHub runs them, so a wrong name would be found late."""
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    targets = set(re.findall(r'^([a-z-]+):', makefile, re.MULTILINE))
    text = (ROOT / '.github/workflows/ci.yml').read_text(encoding='utf-8')
    jobs = yaml.safe_load(text)['jobs']
    used = set(jobs['checks']['strategy']['matrix']['target'])
    used |= set(re.findall(r'run: make ([a-z-]+)$', text, re.MULTILINE))
    assert used <= targets and {'lint', 'test', 'test-transfer'} <= used
    rows = jobs['versions']['strategy']['matrix']['include']
    extras = {extra for row in rows for extra in row['extras'].split(',')}
    assert extras <= set(setup_arguments['extras_require'])
    for row in rows:
        assert Version(row['python']) in SpecifierSet(setup_arguments['python_requires'])
    for name in re.findall(r"hashFiles\('([^']+)'\)", text):
        assert (ROOT / name).is_file()


def test_top_level_entries():
    """The root has only the entries of TOP_LEVEL and of .gitignore."""
    text = (ROOT / '.gitignore').read_text(encoding='utf-8')
    ignored = ['.git'] + [
        line.strip('/') for line in text.splitlines() if line[:1] not in ('', '#')
    ]
    names = {path.name for path in ROOT.iterdir()}
    left = {name for name in names if not any(fnmatch.fnmatch(name, rule) for rule in ignored)}
    assert left <= TOP_LEVEL, f'unexpected: {sorted(left - TOP_LEVEL)}'
