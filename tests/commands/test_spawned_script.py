"""Scripts that train where Python starts processes by importing the script again."""

import os
import shutil
import subprocess
import sys

import pytest

from npid_mm.api.processes import SCRIPT as ADVICE
from tests.toy import ROOT

pytestmark = pytest.mark.slow

SCRIPT = """
import multiprocessing, sys
import npid_mm

{guard}:
    multiprocessing.set_start_method('spawn')
    folder, out = sys.argv[1:]
    run = npid_mm.pretrain(folder, out, 'resnet18-w16', 1, image_size=16, workers=1)
    print('method', multiprocessing.get_start_method(), 'workers',
          run.config.train_dataloader.num_workers)
"""


@pytest.mark.parametrize(('guard', 'workers'), [("if __name__ == '__main__'", 1), ('if True', 0)])
def test_scripts_train_where_processes_are_spawned(digits, tmp_path, guard, workers):
    """As on Windows and macOS."""
    (tmp_path / 'images').mkdir()
    for path in sorted((digits / 'train/0').glob('*.png'))[:15]:
        shutil.copy(path, tmp_path / 'images')
    (tmp_path / 'script.py').write_text(SCRIPT.format(guard=guard))
    done = subprocess.run(
        [sys.executable, tmp_path / 'script.py', tmp_path / 'images', tmp_path / 'run'],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert f'method spawn workers {workers}\n' in done.stdout
    assert (ADVICE in done.stdout + done.stderr) == (workers == 0)
