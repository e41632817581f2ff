"""Train a network on a user's images."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from npid_mm.datasets.image_folders.image_sources import Source
from npid_mm.engine.launch import quiet_runner
from npid_mm.engine.resume import newest_checkpoint
from npid_mm.visualization.scalars import read_run

from .live_progress import live_progress
from .prepare import prepared_training
from .processes import refuse_in_worker
from .run_folder import Run, kept_lists

NOT_METRICS = {'time', 'data_time', 'memory', 'lr', 'base_lr'}


def pretrain(
    images: Source | Iterable[Source],
    out: str | os.PathLike,
    model: str = 'resnet18',
    epochs: int | None = None,
    *,
    labels: bool = True,
    resume: bool = False,
    grow: bool = False,
    **options: Any,
) -> Run:
    """Train a network on images, without labels.

    The recipe is the shipped one for folders of images: the exact non-parametric softmax, AdamW and
    a cosine schedule. All images are trained on, unless the folders are a split such as ``train/``
    and ``val/``. Labels, if there are any, serve to log the kNN accuracy only.

    Images of more than 8 bits, of other channels than gray and color, and .npy arrays keep their
    values and channels: mean, deviation and range are measured once, on a sample.

    Args:
        images (str | PathLike | Iterable): A folder; a ``.txt`` or ``.csv`` file with a list of
            images; an image file; or several of these. See
            :func:`~npid_mm.datasets.image_folders.image_sources.named_images`.
        out (str | PathLike): Folder for checkpoints and logs: new, empty, or that of a run to
            resume.
        model (str): Name of a network, such as 'resnet50', 'timm/vit_small_patch16_224',
            'torchvision/resnet34' or 'mmpretrain/convnext_tiny', see
            :func:`~npid_mm.config.networks.by_name.network_config`.
        epochs (int, optional): Number of epochs, 60 by default.
        labels (bool): Take class subfolders, and the labels of lists, as classes.
        resume (bool): Continue the run in ``out``, on the same images. Without a run in ``out``,
            start one.
        grow (bool): Resume although images were added or removed: known ones, by their paths, keep
            their rows of the memory bank, and new ones start from features.
        **options: ``batch_size`` (64, or a fourth of the images if they are few), ``lr`` (follows
            the batch size), ``weight_decay``, ``image_size`` (follows the images, up to 224),
            ``temperature``, ``dim``, ``seed`` (0), ``workers`` (2 processes that load images),
            ``device`` (the GPU, if there is one), ``background`` and ``value_range`` of the images
            (given, all are read as 8-bit color), ``weights`` to start from (a file or URL of any
            code base, or 'pretrained' for those of the library), ``freeze`` (the stem and this
            number of stages), ``layer_decay`` (factor of the learning rate from one stage to the
            one before), ``stop_if_worse`` (end a run whose features get worse than at the start);
            and dotted keys of a config, such as
            ``**{'train_cfg.val_interval': 1}``.

    Returns:
        Run: Folder, checkpoint, config and figures of the run.

    Raises:
        FileNotFoundError: If images are missing.
        FileExistsError: If ``out`` holds a run and ``resume`` is false, or other files.
        BlockingIOError: If another training runs in ``out``.
        TypeError: If an option does not exist, or ``images`` names none.
        ValueError: If a value is out of range, an image is named twice, or the folders can be read
            in several ways.

    Example:
        >>> run = npid_mm.pretrain('photographs/', 'run', model='resnet50', epochs=100)
        >>> embeddings = npid_mm.embed(run, 'photographs/')
    """
    refuse_in_worker()
    refuse_in_worker()
    out = Path(os.path.expanduser(out))
    settings = dict(labels=labels, resume=resume, grow=grow)
    with (
        kept_lists(out),
        prepared_training(images, out, model, epochs, **settings, **options) as cfg,
    ):
        runner = quiet_runner(cfg)
        with live_progress(runner):
            runner.train()
        return Run(out, final_checkpoint(out), runner.cfg, _metrics(out))


def final_checkpoint(out: Path) -> Path:
    """Return the newest checkpoint of a finished run.

    Raises:
        FileNotFoundError: If it has none.
    """
    found = newest_checkpoint(out)
    if found is None:
        raise FileNotFoundError(f'{out} has no checkpoint: set default_hooks.checkpoint.interval')
    return found


def _metrics(out: Path) -> dict[str, float]:
    """Return the last value of each figure in the logs of a run."""
    series = read_run(out)
    return {key: values[-1] for key, (_, values) in series.items() if key not in NOT_METRICS}
