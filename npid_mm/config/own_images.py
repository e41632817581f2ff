"""Complete a pretraining config with a user's images and options."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from npid_mm.config.loaders import drop_worker_options, set_loader_defaults
from npid_mm.config.validation import drop_validation

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
ADAPTIVE = 'Adam'  # in the names of optimizers whose rate follows the root of the batch
# options of the learning rate and of its schedule; the second is a variable of the configs
RATE = ('optim_wrapper.optimizer.lr', 'lr', 'auto_scale_lr.enable')
WARMUP = ('param_scheduler', 'warmup_iters')


@dataclass(frozen=True)
class ImageLists:
    """Lists of a user's images.

    Attributes:
        root (Path): Folder that the paths in the lists start from.
        folder (Path): Folder of ``train.txt`` and, if images are held out, ``val.txt``.
        count (int): Images to train on.
        held_out (int): Held-out images.
        labeled (bool): The lines have labels.
    """

    root: Path
    folder: Path
    count: int
    held_out: int
    labeled: bool


def own_images_config(
    cfg: Config,
    lists: ImageLists,
    work_dir: str | Path,
    seed: int = 0,
    epochs: int | None = None,
    options: Mapping | None = None,
) -> None:
    """Set a user's images and options in a pretraining config with ``CustomDataset``.

    The batch is at most a fourth of the images. Unless the options set them, the learning rate
    follows the batch (its square root for Adam and AdamW, the batch itself for other optimizers),
    and the warm-up takes at most a tenth of the steps. Without labels, or without held-out images,
    the config has no validation.

    Args:
        cfg (Config): The config; changed in place.
        lists (ImageLists): The images.
        work_dir (str | Path): Folder for logs and checkpoints.
        seed (int): Random seed.
        epochs (int, optional): Number of epochs, instead of the config's.
        options (Mapping, optional): Dotted key -> value, applied last.
    """
    options = options or {}
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=seed)
    if epochs:
        cfg.train_cfg.max_epochs = epochs
    _use_lists(cfg, lists)
    loader = cfg.train_dataloader
    loader.batch_size = max(min(loader.batch_size, lists.count // 4), 2)
    for name in LOADERS:
        set_loader_defaults(cfg[name])
    cfg.merge_from_dict(dict(options))
    drop_worker_options(cfg)
    if options.keys().isdisjoint(RATE):
        _scale_rate(cfg)
    if not any(key.startswith(WARMUP) for key in options):
        _shorten_warmup(cfg, lists.count)
    if not lists.held_out:
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    if not lists.labeled:
        drop_validation(cfg)


def _use_lists(cfg: Config, lists: ImageLists) -> None:
    """Make all loaders read the listed images."""
    for dataset, name in (
        (cfg.train_dataloader.dataset.dataset, 'train'),
        (cfg.test_cfg.reference.dataset, 'train'),
        (cfg.val_dataloader.dataset, 'val'),
        (cfg.test_dataloader.dataset, 'val'),
    ):
        path = str((lists.folder / f'{name}.txt').resolve())
        root = str(lists.root.resolve())
        dataset.update(data_root=root, ann_file=path, with_label=lists.labeled)


def _scale_rate(cfg: Config) -> None:
    """Adapt the learning rate to a batch for which the config is not made."""
    scaling, batch = cfg.get('auto_scale_lr'), cfg.train_dataloader.batch_size
    if scaling and isinstance(batch, int) and batch > 0:
        optimizer = cfg.optim_wrapper.optimizer
        power = 0.5 if ADAPTIVE in str(optimizer.type) else 1.0
        optimizer.lr *= (batch / scaling.base_batch_size) ** power
        scaling.base_batch_size = batch


def _shorten_warmup(cfg: Config, count: int) -> None:
    """Limit the linear warm-up to a tenth of the steps."""
    steps = cfg.train_cfg.max_epochs * (count // cfg.train_dataloader.batch_size)
    for schedule in cfg.param_scheduler if isinstance(cfg.param_scheduler, list) else ():
        if schedule.type == 'LinearLR' and 'end' in schedule and schedule.get('by_epoch') is False:
            schedule.end = max(2, min(schedule.end, steps // 10))  # it begins to rise at 1
