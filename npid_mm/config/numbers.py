"""Check the numbers of a config that MMEngine and PyTorch take as they come, or refuse late."""

from mmengine.config import Config

from npid_mm.utils.checks import check_number, check_whole

# key -> the smallest whole number that is allowed, or the interval of a number
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader', 'test_cfg.reference')
ALLOWED = {
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
    """Check what a config has of the numbers in :data:`ALLOWED`.

    Raises:
        ValueError: One is not a number, or out of range.
    """
    for key, allowed in ALLOWED.items():
        value = cfg
        for part in key.split('.'):
            value = value.get(part) if isinstance(value, (dict, Config)) else None
        if value is not None:
            check = check_number if isinstance(allowed, str) else check_whole
            check(key, value, allowed)
