"""Complete the config of a quickstart with its images and options."""

import argparse
from pathlib import Path

from mmengine.config import Config

from npid_mm.config.loaders import drop_worker_options, set_loader_defaults
from npid_mm.datasets.image_folders.image_list import list_lines

SHORT_EPOCHS = 3


def complete_config(cfg: Config, args: argparse.Namespace, root: Path, labeled: bool) -> None:
    """Set the images of a quickstart and the options of its command line in a config.

    Args:
        cfg (Config): A pretraining config with ``CustomDataset``.
        args (Namespace): The command line; ``work_dir`` holds ``train.txt`` and ``val.txt``.
        root (Path): Folder of the images.
        labeled (bool): Whether the lists have labels.
    """
    cfg.work_dir = str(args.work_dir)
    cfg.randomness = dict(seed=args.seed)
    if args.short or args.epochs:
        cfg.train_cfg.max_epochs = args.epochs or SHORT_EPOCHS
    _use_lists(cfg, root.resolve(), args.work_dir.resolve(), labeled)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        set_loader_defaults(loader)
    cfg.merge_from_dict(args.cfg_options)
    drop_worker_options(cfg)
    if not labeled:  # nothing to validate with
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.default_hooks.memory_bank.knn_interval = 0


def _use_lists(cfg: Config, root: Path, lists: Path, labeled: bool) -> None:
    """Make all loaders read the listed images; reduce the batch if there are few."""
    for dataset, name in (
        (cfg.train_dataloader.dataset.dataset, 'train'),
        (cfg.test_cfg.reference.dataset, 'train'),
        (cfg.val_dataloader.dataset, 'val'),
        (cfg.test_dataloader.dataset, 'val'),
    ):
        path = str(lists / f'{name}.txt')
        dataset.update(data_root=str(root), ann_file=path, with_label=labeled)
    loader, images = cfg.train_dataloader, len(list_lines(lists / 'train.txt'))
    loader.batch_size = max(min(loader.batch_size, images // 4), 2)
