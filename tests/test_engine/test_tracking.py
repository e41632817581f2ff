"""Training curves in TensorBoard and in Weights & Biases, by MMEngine's visualizer."""

import json

import pytest
from mmengine.config import Config
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from npid_mm.engine.launch import build_runner
from tests.test_engine.option_runs import scalars, short_config, train

pytestmark = pytest.mark.slow

EACH_STEP = ('default_hooks.logger.interval=1', 'log_processor.window_size=1')


def in_a_config(cfg, tmp_path, backend):
    """The line of docs/pretraining.md, in a config over another."""
    cfg.dump(tmp_path / 'base.py')
    path = tmp_path / 'mine.py'
    line = f"visualizer = dict(vis_backends=[dict(type='LocalVisBackend'), {backend}])"
    path.write_text(f"_base_ = 'base.py'\n{line}\n")
    return Config.fromfile(path)


def check_events(runner):
    """Loss of each step, rate, drift and kNN stand in the event file as they were logged."""
    events = EventAccumulator(runner.visualizer.get_backend('TensorboardVisBackend')._save_dir)
    events.Reload()
    loss = [event.value for event in events.Scalars('loss')]
    assert loss == pytest.approx(scalars(runner, 'train/loss')) and len(loss) == 4
    assert [event.value for event in events.Scalars('lr')] == pytest.approx([0.3] * 4)
    (drift,) = events.Scalars('bank_drift')
    assert drift.step == 1 and 0 < drift.value < 1
    (knn,) = events.Scalars('knn/top1_k5')
    assert [knn.value] == pytest.approx(scalars(runner, 'val/knn/top1_k5'))


def test_tensorboard_from_the_command_line(digits, tmp_path):
    option = 'visualizer.vis_backends.0.type=TensorboardVisBackend'
    runner = build_runner(short_config(digits, tmp_path, *EACH_STEP, option))
    runner.train()
    check_events(runner)
    assert list(tmp_path.glob('*/vis_data/scalars.json'))


def test_tensorboard_beside_the_files_of_mmengine(digits, tmp_path):
    cfg = short_config(digits, tmp_path / 'run', *EACH_STEP)
    runner = train(in_a_config(cfg, tmp_path, "dict(type='TensorboardVisBackend')"))
    check_events(runner)
    assert list(tmp_path.glob('run/*/vis_data/scalars.json'))


def test_wandb_without_a_network(digits, tmp_path, monkeypatch):
    """An offline run holds what MMEngine's own file holds, as text in blocks of 32 KiB."""
    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    for folder in ('CONFIG', 'CACHE', 'DATA'):
        monkeypatch.setenv(f'WANDB_{folder}_DIR', str(tmp_path / folder))
    # MMEngine's backend keeps every .py below it
    (tmp_path / 'start').mkdir()
    monkeypatch.chdir(tmp_path / 'start')
    backend = "dict(type='WandbVisBackend', init_kwargs=dict(project='npid'))"
    train(in_a_config(short_config(digits, tmp_path / 'run', *EACH_STEP), tmp_path, backend))
    import wandb  # takes two seconds

    # its writer is a process of its own, which may lag behind the run's end
    wandb.teardown()

    (run,) = tmp_path.glob('run/*/vis_data/wandb/offline-run-*/run-*.wandb')
    raw, block, header = run.read_bytes(), 1 << 15, 7
    text = b''.join(raw[i + header : i + block] for i in range(0, len(raw), block))
    (path,) = tmp_path.glob('run/*/vis_data/scalars.json')
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for name, count in (('loss', 4), ('bank_drift', 1)):
        values = [line[name] for line in lines if name in line]
        assert len(values) == count and all(json.dumps(value).encode() in text for value in values)
