"""Convert a checkpoint with tools/model_converters/convert.py and evaluate it."""

import os
import subprocess
import sys

import pytest
import torch
from mmengine.fileio import load
from mmengine.runner import Runner

from tests.probes import POOLED, PREPROCESSOR
from tests.test_checkpoints import foreign
from tests.toy import ROOT, digits_config, npid_config

pytestmark = pytest.mark.slow

TOOL = '../model_converters/convert.py'


@pytest.fixture
def config(digits, tmp_path):
    """NPID with batch norms and the paper's loss, on 64 digits."""
    cfg = digits_config(digits, tmp_path / 'work')
    npid = npid_config(dict(type='NCEHead', num_negatives=16, temperature=0.2))
    cfg.model = npid | dict(backbone=POOLED['backbone'], data_preprocessor=PREPROCESSOR)
    return cfg


def test_a_converted_checkpoint_is_evaluated_as_the_original(config, run, tmp_path):
    """Train one epoch, write the state as the authors do, and convert it back."""
    path = tmp_path / 'config.py'
    config.dump(path)
    runner = Runner.from_cfg(config)
    runner.train()
    expected = runner.test()
    parts = {name: value.clone() for name, value in runner.model.state_dict().items()}
    params = torch.tensor([16, 0.2, float(parts['head.z']), 0.5])
    foreign.write(foreign.lemniscate(parts, params), tmp_path / 'theirs.pth', zipped=False)

    code, text = run(
        TOOL, tmp_path / 'theirs.pth', tmp_path / 'ours.pth', '--from', 'lemniscate',
        '--to', 'npid_mm',
    )  # fmt: skip
    assert code == 0, text
    assert 'bank: 64 x 16' in text
    state = torch.load(tmp_path / 'ours.pth', weights_only=True)['state_dict']
    runner.model.load_state_dict(state)
    assert state.keys() == parts.keys()
    assert all(torch.equal(state[name], parts[name]) for name in parts)

    done = subprocess.run(
        [
            sys.executable, ROOT / 'tools/test.py', path, tmp_path / 'ours.pth',
            '--out', tmp_path / 'metrics.json',
        ],
        capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / 'metrics.json') == expected
