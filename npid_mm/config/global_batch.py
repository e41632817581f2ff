"""Whether a training has the batch that its learning rate is meant for."""

import logging

from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.logging import print_log


def warn_of_global_batch(cfg: Config) -> None:
    """Warn where the global batch is not that of the learning rate and nothing scales the rate.

    The global batch is the images of one update of the weights: the batch of a rank, times the
    ranks, times the batches that are accumulated. Call it once the ranks are there.

    Args:
        cfg (Config): Config of a training. One without ``auto_scale_lr.base_batch_size`` says
            nothing of the batch that it is meant for, and is let through.
    """
    scaling = cfg.get('auto_scale_lr') or {}
    meant = scaling.get('base_batch_size')
    if meant is None or scaling.get('enable'):
        return
    batch, ranks = cfg.train_dataloader.batch_size, get_world_size()
    accumulated = cfg.optim_wrapper.get('accumulative_counts', 1)
    found = batch * ranks * accumulated
    if found == meant:
        return
    print_log(
        f'the learning rate of this config is meant for a global batch of {meant} images '
        f'(auto_scale_lr.base_batch_size), but this run has {found}: train_dataloader.batch_size='
        f'{batch} x {ranks} ranks x {accumulated} accumulated; add --auto-scale-lr to let the '
        'rate follow the batch, or change train_dataloader.batch_size',
        logger='current',
        level=logging.WARNING,
    )
