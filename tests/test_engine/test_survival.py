"""Runs that are stopped or killed, in the middle of an epoch, against runs that are not."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from mmengine.dist import barrier
from mmengine.hooks import Hook
from mmengine.runner import Runner

from npid_mm.engine import GracefulStopHook
from npid_mm.engine.launch import build_runner, set_resume
from tests.test_distributed.ranks import run_ranks
from tests.toy import ROOT, digits_config

EPOCHS = 2
STEPS = 4  # in an epoch: 64 images in batches of 16


class SignalAt(Hook):
    """Send SIGTERM to this process during a step; take note of steps and their numbers."""

    def __init__(self, step=None):
        self.step = step
        self.steps = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.steps.append((runner.epoch, batch_idx, runner.iter))
        if runner.iter == self.step:
            os.kill(os.getpid(), signal.SIGTERM)


def config(digits, work_dir, **loader):
    """NCE draws negatives and holds Z; AdamW and the schedule have a state to lose, too."""
    cfg = digits_config(digits, work_dir, epochs=EPOCHS)
    cfg.model.head = dict(type='NCEHead', num_negatives=16, temperature=0.2)
    cfg.train_cfg.val_begin = EPOCHS + 1
    cfg.train_dataloader.update(loader)
    return cfg


def train(cfg, step=None):
    """Train in this process; returns the Runner and the steps it took."""
    runner = build_runner(cfg)
    hook = SignalAt(step)
    runner.register_hook(hook)
    status = None
    try:
        runner.train()
    except SystemExit as stop:
        status = stop.code
    workers = runner.train_dataloader._iterator  # persistent ones take long to be collected
    if workers is not None:
        workers._shutdown_workers()
    return runner, hook.steps, status


def resume(cfg, step=None):
    set_resume(cfg, 'auto')
    return train(cfg, step)


def files(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


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
    """The work dir of a run that nobody stopped, and its steps."""
    folder = tmp_path_factory.mktemp('whole')
    torch.set_num_threads(1)
    _, steps, status = train(config(digits, folder))
    assert status is None
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
def test_stopped_run_goes_on_where_it_was(digits, tmp_path, whole, loader, step):
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


def test_seed_of_the_checkpoint_goes_on_without_one_in_the_config(digits, tmp_path):
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


def test_default_sampler_cannot_go_on_in_an_epoch(digits, tmp_path):
    train(config(digits, tmp_path), 5)
    cfg = config(digits, tmp_path)
    cfg.train_dataloader.sampler.type = 'DefaultSampler'
    with pytest.raises(TypeError, match="sampler=dict.type='ResumableSampler'.* got DefaultSam"):
        resume(cfg)


def test_signal_means_what_it_did_after_training(digits, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    cfg = config(digits, tmp_path)
    cfg.train_cfg.max_epochs = 1
    train(cfg)
    assert signal.getsignal(signal.SIGTERM) is before


def test_stop_waits_for_accumulated_gradients(digits, tmp_path):
    cfg = config(digits, tmp_path)
    cfg.optim_wrapper.accumulative_counts = 3
    train(cfg, 3)
    assert files(tmp_path)[-1] == 'iter_6.pth'


def test_old_checkpoints_go_after_the_new_one_is_there(digits, tmp_path, monkeypatch):
    """One is kept; the run dies while it writes the second, and goes on from the first."""
    cfg = config(digits, tmp_path)
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    save = Runner.save_checkpoint

    def die_at_the_second(runner, folder, name, *arguments, **options):
        if name == 'epoch_2.pth':
            raise KeyboardInterrupt
        save(runner, folder, name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, 'save_checkpoint', die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            train(cfg)
    assert files(tmp_path) == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')
    (tmp_path / 'epoch_2.pth.unfinished').write_bytes(b'half')
    resume(cfg)
    assert files(tmp_path) == [f'epoch_{EPOCHS}.pth']


def test_best_checkpoint_is_replaced_after_the_new_one_is_there(digits, tmp_path):
    cfg = config(digits, tmp_path)
    cfg.train_cfg.update(val_begin=1, val_interval=1)
    cfg.default_hooks.checkpoint.update(save_best='knn/top1_k5', rule='less', interval=EPOCHS)
    runner = build_runner(cfg)
    seen = []

    class Watch(Hook):
        def before_save_checkpoint(self, runner, checkpoint):
            seen.append([name for name in files(tmp_path) if name.startswith('best')])

        def before_val_epoch(self, runner):
            # every epoch is a new best
            runner.message_hub.update_info('best_score', 101.0)

    runner.register_hook(Watch())
    runner.train()
    assert ['best_knn_top1_k5_epoch_1.pth'] in seen
    assert all(best for best in seen[1:])
    assert [name for name in files(tmp_path) if name.startswith('best')] == [
        f'best_knn_top1_k5_epoch_{EPOCHS}.pth'
    ]


def test_hook_needs_the_checkpoint_hook_and_an_interval(digits, tmp_path):
    with pytest.raises(ValueError, match='interval must be at least 1, got 0'):
        GracefulStopHook(interval=0)
    cfg = config(digits, tmp_path)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook')
    with pytest.raises(TypeError, match="checkpoint.type='AtomicCheckpointHook'"):
        train(cfg)


def stop_one_of_two_ranks(rank, digits, folder):
    """A whole run, a run in which rank 1 alone is asked to stop, and its continuation.

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
    """Workers leave the signal to the main process, which saves, says so and exits with 143."""
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
