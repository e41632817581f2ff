"""tools/sweep.py on the digits."""

import json
import os
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from npid_mm.cli import sweep as sweep_command
from tests.command_line import free_port
from tests.probes import POOLED, probe_config
from tests.toy import ROOT

pytestmark = pytest.mark.slow

LR = 'optim_wrapper.optimizer.lr'
MULT = 'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult'


@pytest.fixture
def config(digits, tmp_path):
    """Write the config of one epoch of a probe on an untrained network."""
    cfg = probe_config(digits, tmp_path / 'unused', POOLED, 'random')
    cfg.pop('work_dir')
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
    cfg.val_dataloader.dataset.indices = 64
    cfg.optim_wrapper.paramwise_cfg = dict(custom_keys=dict(head=dict(lr_mult=1)))
    cfg.dump(tmp_path / 'probe.py')
    return tmp_path / 'probe.py'


@pytest.fixture
def sweep(config, monkeypatch, capsys):
    """Run the command; return the exit status and the output."""
    monkeypatch.setenv('COLUMNS', '300')
    monkeypatch.setenv('OMP_NUM_THREADS', '1')

    def run(*arguments):
        monkeypatch.setattr('sys.argv', ['sweep.py', str(config), *map(str, arguments)])
        capsys.readouterr()
        return sweep_command.main(), capsys.readouterr().out

    return run


def checkpoints(folder):
    """Return the time of each combination's checkpoint."""
    return {path: path.stat().st_mtime_ns for path in folder.glob('*/epoch_1.pth')}


def test_each_combination_is_trained_once_and_the_best_named(sweep, tmp_path):
    """One combination fails, and the same command then repeats only that one."""
    out = tmp_path / 'sweep'
    arguments = ('--grid', f'{LR}=0.0001,oops,1', '--grid', f'{MULT}=2', '--work-dir', out)
    status, text = sweep(*arguments)
    assert status == 1
    summary = json.loads((out / 'sweep.json').read_text())
    settings = [{LR: lr, MULT: '2'} for lr in ('0.0001', 'oops', '1')]
    assert [cell['settings'] for cell in summary['cells']] == settings
    low, failed, high = (cell['metrics'] for cell in summary['cells'])
    assert failed is None
    assert high['accuracy/top1'] > low['accuracy/top1']
    assert summary['best'] == settings[2]
    assert f'best: {LR}=1 {MULT}=2 (accuracy/top1 {high["accuracy/top1"]:.2f}, ' in text
    assert f'{high["accuracy/top1"]:.2f} (best)' in text
    log = out / f'{LR}=oops,{MULT}=2/output.log'
    assert f'failed: exit status 1, see {log}' in text and 'oops' in log.read_text()
    for lr in (1, 0.0001):  # the settings reached the trainings
        trained = Config.fromfile(out / f'{LR}={lr},{MULT}=2/probe.py').optim_wrapper
        assert trained.optimizer.lr == lr
        assert trained.paramwise_cfg.custom_keys.head.lr_mult == 2

    before = checkpoints(out)
    status, text = sweep(*arguments)
    assert status == 1 and text.count('finished before') == 2
    assert len(before) == 2 and checkpoints(out) == before
    assert json.loads((out / 'sweep.json').read_text())['cells'] == summary['cells']

    with pytest.raises(ValueError, match='holds a sweep of another config or other options'):
        sweep(*arguments, '--cfg-options', 'randomness.seed=1')
    with pytest.raises(ValueError, match=r'options \(--cfg-options, --auto-scale-lr\): choose'):
        sweep(*arguments, '--auto-scale-lr')


def test_an_interrupted_combination_is_resumed(sweep, tmp_path):
    """A finished training without a recorded result is not repeated."""
    out = tmp_path / 'sweep'
    arguments = ('--grid', f'{LR}=0.1', '--work-dir', out, '--cfg-options', 'randomness.seed=1')
    assert sweep(*arguments)[0] == 0
    (folder,) = out.glob(f'{LR}=*')
    assert Config.fromfile(folder / 'probe.py').randomness.seed == 1
    (folder / 'result.json').unlink()
    before = checkpoints(out)
    status, text = sweep(*arguments)
    assert status == 0 and 'finished before' not in text
    assert checkpoints(out) == before and (folder / 'result.json').is_file()
    # a finished combination can be compared by each of its metrics, and no other
    status, text = sweep('--metric', 'accuracy/top5', *arguments)
    assert status == 0 and 'finished before' in text
    message = r'config logs \(accuracy/top1, accuracy/top5\), got top1'
    with pytest.raises(ValueError, match=message):
        sweep('--metric', 'top1', *arguments)


def test_a_training_uses_several_ranks(config, tmp_path):
    """The rate is scaled to the batch of both ranks."""
    out = tmp_path / 'sweep'
    command = [sys.executable, ROOT / 'tools/sweep.py', config, '--grid', f'{LR}=0.1']
    done = subprocess.run(
        [*command, '--work-dir', out, '--gpus', '2', '--auto-scale-lr'],
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PORT': free_port()},
        timeout=300,
    )
    (log,) = out.glob('*/output.log')
    assert done.returncode == 0, log.read_text()
    (folder,) = out.glob(f'{LR}=*')
    assert Config.fromfile(folder / 'probe.py').launcher == 'pytorch'
    state = torch.load(folder / 'epoch_1.pth', weights_only=True)
    assert state['optimizer']['param_groups'][0]['lr'] == pytest.approx(0.1 * 2 * 32 / 32)
