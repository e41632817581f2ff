"""A head is added by the files that CONTRIBUTING.md lists, in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.toy import ROOT

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / 'new_head'
WORDS = dict(NAME='quadratic', NETWORK='resnet18-w16', SCHEDULE='1xb32-coslr-60e', DATA='digits')


def listed_files() -> list[str]:
    """Paths of the numbered list in CONTRIBUTING.md, with the words of the new head."""
    section = (ROOT / 'CONTRIBUTING.md').read_text().split('### To add a head\n')[1]
    paths = re.findall(r'^\d\. `([^`]+)`', section.split('\n### ')[0], re.MULTILINE)
    for word, value in WORDS.items():
        paths = [path.replace(word, value) for path in paths]
    return paths


def new_files(tree: Path) -> dict[str, str]:
    """Content of each new or changed file of the head, by its path."""
    heads = 'npid_mm/models/heads/__init__.py'
    text = (tree / heads).read_text()
    text = text.replace('from .samp', 'from .quadratic_head import QuadraticHead\nfrom .samp')
    return {
        'npid_mm/losses/quadratic.py': (HERE / 'quadratic.py').read_text(),
        'npid_mm/models/heads/quadratic_head.py': (HERE / 'quadratic_head.py').read_text(),
        heads: text.replace("    'Samp", "    'QuadraticHead',\n    'Samp"),
        'configs/selfsup/quadratic/npid-quadratic_resnet18-w16_1xb32-coslr-60e_digits.py': (
            HERE / 'config.py'
        ).read_text(),
    }


def test_a_new_head_needs_the_four_listed_files_and_trains_on_ranks_as_on_one(tmp_path):
    tree = tmp_path / 'tree'
    for folder in ('npid_mm', 'configs'):
        ignored = shutil.ignore_patterns('__pycache__')
        shutil.copytree(ROOT / folder, tree / folder, symlinks=True, ignore=ignored)
    files = new_files(tree)
    assert listed_files() == list(files) and len(files) <= 4
    for path, content in files.items():
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(content)

    config, output = tree / list(files)[-1], tmp_path / 'results.pt'
    command = [sys.executable, '-W', 'ignore', HERE / 'train_step.py', config]
    ranks = []
    for rank in range(2):
        environment = dict(
            os.environ, PYTHONPATH=str(tree), LOCAL_RANK=str(rank), OMP_NUM_THREADS='1'
        )
        arguments = [str(rank), '2', tmp_path / 'meet', output]
        ranks.append(subprocess.Popen([*command, *arguments], env=environment, cwd=tree))
    assert [rank.wait(timeout=300) for rank in ranks] == [0, 0]
    plain, sharded = torch.load(output)
    assert all(gradient.any() for gradient in plain[1:])
    torch.testing.assert_close(sharded, plain, rtol=1e-7, atol=1e-10)
