"""Detection trainings from the command line: on two ranks, and killed and resumed."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch

from tests.toy import ROOT
from tests.transfer.small_detection import VOC0712, small_config

STEPS = 6
pytestmark = pytest.mark.slow


@pytest.fixture
def dumped(detection_data, npid_checkpoint, tmp_path, monkeypatch):
    """Config file beside its checkpoint; the training saves after every step."""
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('PYTHON', sys.executable)
    start = shutil.copy(npid_checkpoint, tmp_path / 'npid.pth')
    cfg = small_config(VOC0712, detection_data, tmp_path / 'run', start, length=STEPS)
    cfg.default_hooks.checkpoint.interval = 1
    cfg.dump(tmp_path / 'small.py')
    return tmp_path / 'small.py'


def test_two_ranks(dumped, monkeypatch):
    """Gloo ranks on the CPU, without SyncBN: exit status 0, a checkpoint and metrics."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        monkeypatch.setenv('PORT', str(listener.getsockname()[1]))
    command = ['bash', str(ROOT / 'tools/dist_train.sh'), str(dumped), '2']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    output = done.stdout + done.stderr
    assert re.search(r'Iter\(val\) .*pascal_voc/AP: .*pascal_voc/AP50: .*pascal_voc/AP75: ', output)
    saved = torch.load(dumped.parent / f'run/iter_{STEPS}.pth', weights_only=True)
    assert saved['meta']['iter'] == STEPS
    assert 'backbone.conv1.weight' in saved['state_dict']  # not of the wrapped model


def test_killed_run_resumes(dumped):
    """From the last complete checkpoint, without repeating its steps.

    The file of the pretraining is gone by then: the trained backbone is used.
    """
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(dumped)]
    work_dir, log = dumped.parent / 'run', dumped.parent / 'output.log'
    with open(log, 'wb') as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        while not (work_dir / 'iter_2.pth').is_file() and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL, log.read_text()[-3000:]
    assert not (work_dir / f'iter_{STEPS}.pth').is_file()

    (dumped.parent / 'npid.pth').unlink()
    done = subprocess.run([*command, '--resume'], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    output = done.stdout + done.stderr
    (start,) = re.findall(r'resumed epoch: 0, iter: (\d+)', output)
    assert int(start) >= 2
    steps = [int(number) for number in re.findall(r'Iter\(train\) \[(\d+)/', output)]
    assert steps == list(range(int(start) + 1, STEPS + 1))
    assert torch.load(work_dir / f'iter_{STEPS}.pth', weights_only=True)['meta']['iter'] == STEPS
