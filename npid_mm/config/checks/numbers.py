"""Check numbers of a config that MMEngine and PyTorch accept unchecked, or refuse late."""

from mmengine.config import Config

from npid_mm.config.loaders import LOADERS
from npid_mm.config.tree import value_at
from npid_mm.utils.checks import check_number, check_whole

# key -> the smallest whole number that is allowed, or the interval of a number
ALLOWED: dict[str, int | str] = {
    **{f'{loader}.batch_size': 1 for loader in LOADERS},
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
    'train_cfg.max_epochs': 1,
    'train_cfg.max_iters': 1,
    'train_cfg.val_interval': 1,
    'optim_wrapper.accumulative_counts': 1,
    'optim_wrapper.optimizer.lr': '(0, inf)',
    'optim_wrapper.optimizer.weight_decay': '[0, inf)',
    'optim_wrapper.optimizer.momentum': '[0, 1]',
    'auto_scale_lr.base_batch_size': 1,
    'default_hooks.logger.interval': 1,
    'default_hooks.checkpoint.interval': -1,  # never
    'default_hooks.checkpoint.max_keep_ckpts': -1,  # all
    'randomness.seed': 0,
}


def check_numbers(cfg: Config) -> None:
    """Check the numbers of :data:`ALLOWED` that a config has.

    Raises:
        ValueError: If one is not a number, or out of range.
    """
    for key, allowed in ALLOWED.items():
        value = value_at(cfg, key)
        if value is None:
            continue
        if isinstance(allowed, str):
            check_number(key, value, allowed)
        else:
            check_whole(key, value, allowed)
