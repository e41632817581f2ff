"""tools/visualization/browse_dataset.py."""

import os
import subprocess
import sys

import pytest
from PIL import Image

from npid_mm.cli.draw.views import main
from npid_mm.visualization.style import GAP, LINE, MARGIN, column_left
from npid_mm.visualization.view_sheet import TOP
from tests.toy import DIGITS_CONFIG, ROOT

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools/visualization/browse_dataset.py'


def test_equal_seeds_give_equal_sheets_of_the_given_size(digits, tmp_path, capsys):
    sheets = []
    for name, seed in (('one', 3), ('two', 3), ('three', 4)):
        out = tmp_path / f'{name}.png'
        options = ['--out', out, '--images', 3, '--views', 5, '--seed', seed]
        data = f'train_dataloader.dataset.dataset.data_root={digits}'
        main([str(each) for each in (DIGITS_CONFIG, *options, '--cfg-options', data)])
        assert f'Look at {out}' in capsys.readouterr().out
        sheets.append(out.read_bytes())
    assert sheets[0] == sheets[1] != sheets[2]
    with Image.open(tmp_path / 'one.png') as image:
        rows = 3 * (128 + LINE + GAP)
        assert image.size == (column_left(6, 128) - GAP + MARGIN, TOP + rows + MARGIN)


def test_missing_data_set_is_named_and_nothing_is_written(tmp_path):
    done = subprocess.run(
        [sys.executable, TOOL, DIGITS_CONFIG],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        timeout=120,
    )
    assert done.returncode != 0
    assert 'cannot load the training set' in done.stderr and 'data/digits' in done.stderr
    assert not list(tmp_path.iterdir())
