"""Short runs of the digits config, with options as a user types them."""

import argparse

from mmengine.config import Config
from mmengine.runner import Runner

from npid_mm.cli.common.options import add_common_arguments
from tests.toy import digits_config


def short_config(digits, work_dir, *options: str, epochs: int = 1) -> Config:
    """64 digits in batches of 16, and ``KEY=VALUE`` options of ``tools/train.py``.

    By plain SGD: Adam would turn rounding of a gradient near zero into a whole step.
    """
    cfg = digits_config(digits, work_dir, epochs=epochs)
    cfg.val_dataloader.dataset.indices = 32
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.3, momentum=0.9)
    cfg.param_scheduler = None
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    if options:
        cfg.merge_from_dict(parser.parse_args(['', '--cfg-options', *options]).cfg_options)
    return cfg


def train(cfg: Config, watch=None) -> Runner:
    """Train; ``watch(model)`` is called before the first step, to leave hooks behind."""
    runner = Runner.from_cfg(cfg)
    if watch is not None:
        watch(runner.model)
    runner.train()
    return runner


def scalars(runner: Runner, name: str) -> list[float]:
    """Return all values of a scalar, e.g. the loss of each step."""
    return [float(value) for value in runner.message_hub.get_scalar(name).data[0]]
