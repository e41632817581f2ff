"""Warn when the global batch size does not match the learning rate."""

import logging

from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.logging import print_log


def warn_of_global_batch(cfg: Config) -> None:
    """Warn if the global batch is not that of the learning rate and nothing scales the rate.

    The global batch is the number of images per update of the weights: the batch of a rank, times
    the ranks, times the accumulated batches. Call this once the ranks are initialized.

    Args:
        cfg (Config): Config of a training. One without ``auto_scale_lr.base_batch_size`` passes.
    """
    scaling = cfg.get('auto_scale_lr') or {}
    expected = scaling.get('base_batch_size')
    if expected is None or scaling.get('enable'):
        return
    batch, ranks = cfg.train_dataloader.batch_size, get_world_size()
    accumulated = cfg.optim_wrapper.get('accumulative_counts', 1)
    found = batch * ranks * accumulated
    if found != expected:
        print_log(
            f'the learning rate of this config is meant for a global batch of {expected} images '
            f'(auto_scale_lr.base_batch_size), but this run has {found}: '
            f'train_dataloader.batch_size={batch} x {ranks} ranks x {accumulated} accumulated; add '
            '--auto-scale-lr to scale the rate with the batch, or change '
            'train_dataloader.batch_size',
            logger='current',
            level=logging.WARNING,
        )
