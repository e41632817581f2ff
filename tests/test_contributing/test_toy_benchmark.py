"""A benchmark is added by the files that CONTRIBUTING.md lists, in a copy of the tree."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from tests.probes import POOLED
from tests.toy import ROOT

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / 'new_benchmark'
WORDS = dict(KIND='classification', DATA='toy', NAME='resnet18_linear-1xb32-steplr-1e_toy')
# tests that would fail if anything else had to change
GUARDS = [
    'tests/test_suites/test_suite.py',
    'tests/test_suites/test_model_page.py',
    'tests/test_configs/test_published_values.py::test_every_config_is_pinned_by_a_test',
    'tests/test_imports.py',
    'tests/test_configs/test_toy_benchmark.py',
]


def listed_files() -> list[str]:
    """Paths of the numbered list in CONTRIBUTING.md, with the words of the new benchmark."""
    section = (ROOT / 'CONTRIBUTING.md').read_text().split('### To add a benchmark\n')[1]
    paths = re.findall(r'^\d\. `([^`]+)`', section.split('\n### ')[0], re.MULTILINE)
    for word, value in WORDS.items():
        paths = [path.replace(word, value) for path in paths]
    return paths


def new_files(tree: Path) -> list[str]:
    """Content of each new or changed file of the benchmark, in the order of the list."""
    part = {path.stem: path.read_text() for path in HERE.iterdir() if path.is_file()}
    suite = (tree / 'npid_mm/suites/classification.py').read_text()
    suite = suite.replace('    ),\n    tables=(\n', f'{part["benchmark"]}    ),\n    tables=(\n', 1)
    suite = suite.replace('    tables=(\n', f'    tables=(\n{part["table"]}', 1)
    metafile = (tree / 'configs/benchmarks/metafile.yml').read_text() + part['entry']
    return [
        part['dataset'], part['config'], part['layout_check'], suite, metafile, part['protocol']
    ]  # fmt: skip


def run(tree: Path, *command) -> None:
    environment = os.environ | dict(PYTHONPATH=str(tree), OMP_NUM_THREADS='1')
    command = [sys.executable, '-W', 'ignore', *map(str, command)]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.fixture
def tree(tmp_path):
    """The project's files, with the benchmark added."""
    tree = tmp_path / 'tree'
    tree.mkdir()
    tracked = subprocess.run(['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True)
    for name in tracked.stdout.splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name, follow_symlinks=False)
    listed, written = listed_files(), new_files(tree)
    assert len(listed) <= 6
    for path, content in zip(listed, written, strict=True):
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(content)
    return tree


def test_a_new_benchmark_needs_the_six_listed_files(tree, digits, tmp_path):
    """It is trained, tested and reported, and every guard of the tree accepts it."""
    init_default_scope('mmpretrain')
    state = MODELS.build(POOLED['backbone']).state_dict()
    checkpoint = tmp_path / 'npid.pth'
    torch.save({f'backbone.{key}': value for key, value in state.items()}, checkpoint)
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/toy').symlink_to(digits)

    arguments = ['--only', 'toy-linear', '--data-root', tmp_path / 'data', '--work-dir', 'out']
    run(tree, 'tools/benchmark.py', checkpoint, *arguments)
    report = json.loads((tree / 'out/report.json').read_text())
    added = report['benchmarks']['toy-linear']
    assert added['state'] == 'finished' and added['images'] == dict(train=1442, val=355)
    assert report['tables'][0]['title'] == 'Toy, linear classifier, top-1 (%)'
    assert report['tables'][0]['ours'] == [added['metrics']['accuracy/top1']]

    run(tree, '-m', 'pytest', '-q', '-n', '0', '-p', 'no:cacheprovider', *GUARDS)
