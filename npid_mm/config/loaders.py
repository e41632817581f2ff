"""Complete the settings of data loaders in a config."""

import torch
from mmengine.config import Config

from .tree import dicts

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader', 'test_cfg.reference')
WORKER_OPTIONS = ('prefetch_factor', 'timeout', 'multiprocessing_context')


def set_loader_defaults(loader: dict) -> None:
    """Set what MMPretrain's tools set in every loader whose config does not."""
    loader.setdefault('pin_memory', torch.cuda.is_available())
    loader.setdefault('persistent_workers', loader.get('num_workers', 0) > 0)
    loader.setdefault('collate_fn', dict(type='default_collate'))
    # a config with `_base_ = 'npid_mm::...'` has it, and the Runner takes it for an argument
    loader['collate_fn'].pop('_scope_', None)


def drop_worker_options(cfg: Config) -> None:
    """Remove the options of worker processes from all loaders with ``num_workers=0``.

    Torch refuses them without workers. They come from base configs, and the number of workers is
    often set on the command line.
    """
    for _, loader in dicts(cfg):
        if loader.get('num_workers') == 0:
            loader['persistent_workers'] = False
            for key in WORKER_OPTIONS:
                loader.pop(key, None)
