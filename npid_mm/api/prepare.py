"""Prepare a training on a user's images: their lists, the config, and the record of the run."""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import Config

from npid_mm.config.networks.by_name import network_config
from npid_mm.config.networks.fit_neck import fit_neck
from npid_mm.config.own_images import ImageLists, own_images_config
from npid_mm.config.read_config import read_config
from npid_mm.datasets.image_folders.folder_layout import FolderLayout
from npid_mm.datasets.image_folders.folder_split import write_lists
from npid_mm.datasets.image_folders.image_list import list_lines
from npid_mm.datasets.image_folders.image_sources import NamedImages, Source, named_images
from npid_mm.engine.folder_lock import sole_training
from npid_mm.engine.launch import set_resume
from npid_mm.engine.resume import checkpoint_files
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.checks import check_whole
from npid_mm.utils.paths import MIM, printable_path, real_paths

from .image_values import use_values
from .measured import LARGEST, Measured, measure_images, read_measured
from .options import VARIABLES, check_dotted, split_options
from .processes import runner_device, start_method, worker_count
from .run_folder import LISTS, check_out, check_record, read_lists, replace_lists, write_record
from .start import REPORT, set_start

CONFIG = MIM / 'configs/selfsup/npid/npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'


@contextmanager
def prepared_training(
    images: Source | Iterable[Source],
    out: Path,
    model: str = 'resnet18',
    epochs: int | None = None,
    *,
    labels: bool = True,
    resume: bool = False,
    grow: bool = False,
    ranks: int = 1,
    **options: Any,
) -> Iterator[Config]:
    """Prepare what :func:`npid_mm.pretrain` trains, with the folder locked inside the block.

    Lists, record and the report on weights are written into ``out``. It raises the errors of
    :func:`npid_mm.pretrain`.

    Args:
        images (str | PathLike | Iterable): As for :func:`npid_mm.pretrain`, as are all others.
        out (Path): Folder of the run.
        model (str): Name of a network.
        epochs (int, optional): Number of epochs.
        labels (bool): Take class subfolders, and the labels of lists, as classes.
        resume (bool): Continue the run in ``out``.
        grow (bool): Resume although images were added or removed.
        ranks (int): Processes that share each batch.
        **options: Options by name or by the keys of a config.

    Yields:
        Config: The complete config.
    """
    if epochs is not None:
        check_whole('epochs', epochs)
    named, dotted = split_options(options)
    network_config(model, LARGEST)  # reports a wrong name before searching for images
    if grow and not resume:
        raise ValueError('grow=True (--grow) continues a run: give resume=True (--resume) with it')
    check_out(out, resume)
    found = named_images(images, training=True, with_labels=labels)
    root = _check_images(found)
    resume = resume and bool(checkpoint_files(out))
    with runner_device(named.get('device')), sole_training(out), TemporaryDirectory() as staged:
        classes = write_lists(_layout(found, root), staged, found.remarks)
        if resume and not grow:
            _check_lists(Path(staged), out)
        held_out = sum(found.held_out)
        count = len(found.paths) - held_out
        measured = read_measured(out) if resume else None
        measured = measured or measure_images(found.paths, 'value_range' not in named)
        cfg = _shipped_config(model, measured, named)
        check_dotted(cfg, options)
        lists = ImageLists(root, out, count, held_out, labeled=bool(classes))
        own_images_config(cfg, lists, out, named.get('seed', 0), epochs, dotted)
        report = set_start(cfg, fit_neck(cfg), model, named, resume)
        _set_run(cfg, dotted, count)
        _share_batch(cfg, ranks)
        if grow:
            cfg.default_hooks.memory_bank.grow = True
        if resume:
            check_record(out, cfg)
            set_resume(cfg, 'auto')
        replace_lists(out, read_lists(Path(staged)))
        if report:
            write_atomic(out / REPORT, report)
        write_record(out, cfg, measured)
        yield cfg


def _share_batch(cfg: Config, ranks: int) -> None:
    """Divide the batch among processes.

    Raises:
        ValueError: If it cannot be divided into equal parts of at least two images.
    """
    batch = cfg.train_dataloader.batch_size
    if batch < 2 * ranks or batch % ranks:
        nearest = max(batch // ranks, 2) * ranks
        raise ValueError(
            f'batch_size must be a multiple of --gpus {ranks} and at least {2 * ranks}, because '
            f'the processes share the batch, got {batch}: give --batch-size {nearest}'
        )
    cfg.train_dataloader.batch_size = batch // ranks


def _check_images(found: NamedImages) -> Path:
    """Check that there are enough images, each once; return the folder of all.

    Raises:
        ValueError: If there are not, or an image occurs twice.
    """
    first: dict[str, int] = {}
    for position, real in enumerate(real_paths(found.paths)):
        if first.setdefault(real, position) != position:
            raise ValueError(
                'images must name each image once, because a copy of an image would be its own '
                f'negative, got {printable_path(real)} at positions {first[real] + 1} and '
                f'{position + 1}'
            )
    trained = sum(not each for each in found.held_out)
    if trained < 2:
        raise ValueError(
            f'images must be at least 2 to train on, got {trained}: '
            f'{printable_path(found.paths[0])}'
        )
    return Path(os.path.commonpath([os.path.dirname(path) for path in found.paths]))


def _layout(found: NamedImages, root: Path) -> FolderLayout:
    """Arrange images for the lists of a run; without a class for each image, there are none."""
    names = [os.path.relpath(path, root) for path in found.paths]
    layout = FolderLayout(
        [name for name, held_out in zip(names, found.held_out, strict=True) if not held_out],
        [name for name, held_out in zip(names, found.held_out, strict=True) if held_out],
        {name: label for name, label in zip(names, found.labels, strict=True) if label},
    )
    without = len(names) - len(layout.labels)
    if layout.labels and without:
        layout.labels = {}
        layout.remarks.append(
            f'{without:,} of {len(names):,} images have no class, so none is used'
        )
    return layout


def _check_lists(staged: Path, out: Path) -> None:
    """Check that the lists of a run that is resumed are those of its images.

    Raises:
        ValueError: If they are not.
    """
    for name in LISTS:
        before, present = (
            list_lines(folder / name) if (folder / name).is_file() else []
            for folder in (out, staged)
        )
        if before != present:
            raise ValueError(
                f'{out} holds a run on other images: its {name} has {len(before):,} lines, and the '
                f'images given now make another list, of {len(present):,}: give the same ones, '
                'another folder, or grow=True (--grow) to resume with the new ones'
            )


def _shipped_config(model: str, measured: Measured, named: Mapping[str, Any]) -> Config:
    """Read the config for folders of images, with the network, size and values of the images."""
    variables = {name: named[name] for name in VARIABLES if name in named}
    variables.setdefault('image_size', measured.image_size)
    variables['num_workers'] = worker_count(named.get('workers', 2))
    cfg = read_config(CONFIG, variables)
    cfg.model.backbone = network_config(model, variables['image_size'])
    if measured.values and 'value_range' not in named:
        use_values(cfg, measured.values)
    return cfg


def _set_run(cfg: Config, dotted: Mapping[str, Any], count: int) -> None:
    """Set what depends on the program that the run is a part of."""
    batch = cfg.train_dataloader.batch_size
    if batch > count:
        raise ValueError(
            f'batch_size must be at most the number of images to train on, {count}, got {batch}'
        )
    interval = min(cfg.train_cfg.val_interval, cfg.train_cfg.max_epochs)
    if 'train_cfg.val_interval' not in dotted:
        cfg.train_cfg.val_interval = interval
    labeled = cfg.train_dataloader.dataset.dataset.with_label
    if labeled and 'default_hooks.memory_bank.knn_interval' not in dotted:
        cfg.default_hooks.memory_bank.knn_interval = interval
    cfg.env_cfg.mp_cfg.mp_start_method = start_method()
    if threading.current_thread() is not threading.main_thread():
        cfg.default_hooks.graceful_stop = None  # only the main thread handles signals
    # MMEngine shares the loggers of one name
    cfg.experiment_name = f'{Path(cfg.work_dir).name}_{time.time_ns()}'
    object.__setattr__(cfg, '_filename', 'config.py')  # the name under which it is written
