"""Train detection and segmentation configs on small data, and record weights and losses."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from npid_mm.config.read_config import read_config
from npid_mm.engine.launch import build_runner
from npid_mm.suites.benchmark_config import local_config


def on_small_data(
    path: Path,
    data_root: Path,
    work_dir: Path,
    pretrained: Path | str | None,
    options: Callable[[Config], dict],
) -> Config:
    """Return a config on the data below ``data_root``, with the settings from ``options``."""
    cfg = local_config(read_config(path), data_root)
    cfg.merge_from_dict(options(cfg))
    cfg.update(pretrained=pretrained and str(pretrained), work_dir=str(work_dir))
    cfg.randomness = dict(seed=0)
    # MMEngine reuses loggers and visualizers of the same name
    cfg.experiment_name = cfg.visualizer.name = uuid.uuid4().hex
    return cfg


def pipeline_steps(dataset: dict, key: str) -> Iterator[tuple[str, dict]]:
    """Generate key and content of each step of the pipelines below a data set."""
    for number, step in enumerate(dataset.get('pipeline', ())):
        yield f'{key}.pipeline.{number}', step
    for number, part in enumerate(dataset.get('datasets', ())):
        yield from pipeline_steps(part, f'{key}.datasets.{number}')


class Watch(Hook):
    """Record the weights before the first step, and the losses."""

    priority = 'LOWEST'

    def __init__(self):
        self.losses = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if not self.losses:
            state = runner.model.state_dict()
            self.start = {name: value.clone() for name, value in state.items()}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append(float(outputs['loss']))


def train(cfg: Config) -> tuple[Runner, Watch]:
    """Run a training; return its Runner and the recorded weights and losses."""
    runner, watch = build_runner(cfg), Watch()
    runner.register_hook(watch)
    runner.train()
    return runner, watch
