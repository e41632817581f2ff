"""Runs that are stopped or killed in the middle of an epoch end as uninterrupted runs do."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from mmengine.dist import barrier

from npid_mm.engine.launch import set_resume
from tests.test_distributed.ranks import run_ranks
from tests.test_engine.stopped_runs import EPOCHS, STEPS, config, files, resume, train
from tests.toy import ROOT

pytestmark = pytest.mark.slow


def assert_same_end(folder, other, epoch=EPOCHS):
    """The last checkpoints are equal to the bit."""
    left, right = (
        torch.load(each / f'epoch_{epoch}.pth', weights_only=True) for each in (folder, other)
    )
    for name in ('epoch', 'iter', 'seed'):
        assert left['meta'][name] == right['meta'][name]
    torch.testing.assert_close(left['state_dict'], right['state_dict'], rtol=0, atol=0)
    for index, state in left['optimizer']['state'].items():
        torch.testing.assert_close(state, right['optimizer']['state'][index], rtol=0, atol=0)
    assert left['optimizer']['param_groups'] == right['optimizer']['param_groups']
    assert left['param_schedulers'] == right['param_schedulers']


@pytest.fixture(scope='module')
def whole(digits, tmp_path_factory):
    """The work dir of an uninterrupted run, and its steps; it restores the SIGTERM handler."""
    folder, handler = tmp_path_factory.mktemp('whole'), signal.getsignal(signal.SIGTERM)
    torch.set_num_threads(1)
    _, steps, status = train(config(digits, folder))
    assert status is None and signal.getsignal(signal.SIGTERM) is handler
    return folder, steps


@pytest.mark.parametrize(
    ('loader', 'step'),
    [
        ({}, 5),
        (dict(num_workers=2, persistent_workers=True), 5),
        (dict(num_workers=2, persistent_workers=False), 5),
        # the last step of an epoch: nothing of it is left to do
        ({}, 3),
    ],
)
def test_a_stopped_run_resumes_where_it_was(digits, tmp_path, whole, loader, step):
    """No batch twice, none left out, and everything equal to the uninterrupted run."""
    folder, steps = whole
    _, before, status = train(config(digits, tmp_path, **loader), step)
    assert status == 143
    assert before == steps[: step + 1]
    epochs = [f'epoch_{epoch + 1}.pth' for epoch in range(EPOCHS)]
    assert files(tmp_path) == [*epochs[: step // STEPS], f'iter_{step + 1}.pth']
    _, after, status = resume(config(digits, tmp_path, **loader))
    assert status is None
    assert before + after == steps
    assert_same_end(folder, tmp_path)
    assert files(tmp_path) == epochs


def test_stopped_twice_in_an_epoch(digits, tmp_path, whole):
    """The second stop replaces the checkpoint of the first."""
    folder, steps = whole
    train(config(digits, tmp_path), 4)
    _, middle, status = resume(config(digits, tmp_path), 6)
    assert status == 143 and middle == steps[5:7]
    assert files(tmp_path) == ['epoch_1.pth', 'iter_7.pth']
    resume(config(digits, tmp_path))
    assert_same_end(folder, tmp_path)


def test_a_resumed_run_keeps_its_random_seed(digits, tmp_path):
    """randomness.seed=None draws a seed; a resumed run keeps it, for shuffles and samples too."""
    cfg = config(digits, tmp_path / 'stopped')
    cfg.randomness = dict(seed=None)
    seed = train(cfg, 5)[0].seed
    cfg = config(digits, tmp_path / 'stopped')
    cfg.randomness = dict(seed=None)
    assert resume(cfg)[0].seed == seed
    cfg = config(digits, tmp_path / 'whole')
    cfg.randomness = dict(seed=seed)
    train(cfg)
    assert_same_end(tmp_path / 'whole', tmp_path / 'stopped')


def test_the_default_sampler_cannot_resume_in_an_epoch(digits, tmp_path):
    train(config(digits, tmp_path), 5)
    cfg = config(digits, tmp_path)
    cfg.train_dataloader.sampler.type = 'DefaultSampler'
    with pytest.raises(TypeError, match="sampler=dict.type='ResumableSampler'.* got DefaultSam"):
        resume(cfg)


def stop_one_of_two_ranks(rank, digits, folder):
    """Train without a stop, then with a signal to rank 1 only, and resume that.

    Each rank holds half of the bank, so that all of them take part in saving it.
    """
    configs = [config(digits, folder / name) for name in ('whole', 'stopped', 'stopped')]
    for cfg in configs:
        cfg.launcher = 'pytorch'
        cfg.model.memory_bank.type = 'ShardedMemoryBank'
        cfg.train_dataloader.batch_size = 8
        cfg.default_hooks.graceful_stop.interval = 3
    train(configs[0])
    _, before, status = train(configs[1], 3 if rank == 1 else None)
    _, after, _ = resume(configs[2])
    barrier()  # no rank closes its connections while the other still uses them
    return status, before + after


def test_two_ranks_stop_at_the_same_step(digits, tmp_path, whole):
    """The signal comes in step 4; the ranks next agree after step 6."""
    for status, steps in run_ranks(stop_one_of_two_ranks, 2, digits, tmp_path):
        assert status == 143
        assert steps == whole[1]
    assert_same_end(tmp_path / 'whole', tmp_path / 'stopped')


def tool(*arguments, **options):
    """Start a command on one thread, as the leader of a process group."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        start_new_session=True,
        **options,
    )


def test_sigterm_to_the_whole_group_of_train_py(digits, tmp_path):
    """Workers ignore the signal; the main process saves, logs it and exits with 143."""
    cfg = config(digits, tmp_path / 'work', num_workers=2, persistent_workers=True)
    cfg.train_cfg.max_epochs = 1000
    cfg.dump(tmp_path / 'config.py')
    process = tool(ROOT / 'tools/train.py', tmp_path / 'config.py')
    while not (tmp_path / 'work/epoch_2.pth').exists():
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGTERM)
    os.killpg(process.pid, signal.SIGTERM)  # some launchers say it twice
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 143, output
    said = re.search(r'stopped by SIGTERM after iteration (\d+).*saved (\S+): .*--resume', output)
    assert said, output
    meta = torch.load(said[2], weights_only=True)['meta']
    assert meta['iter'] == int(said[1]) and said[2].endswith(f'iter_{said[1]}.pth')
    set_resume(cfg, 'auto')
    assert cfg.load_from == said[2]


def test_killed_runs_lose_one_interval_at_most(digits, tmp_path):
    """The short version of the benchmark: kill -9 at random moments, resume, compare."""
    (tmp_path / 'digits').symlink_to(digits)
    process = tool(
        ROOT / 'benchmarks/kill_test.py', '--kills', 3, '--seed', 0, '--work-dir', tmp_path
    )  # fmt: skip
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert 'kills: 3' in output and 'equal to the bit: yes' in output
