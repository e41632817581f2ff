"""Embed images with the network of a run."""

import os
from collections.abc import Iterable

import numpy as np
from mmengine.model import BaseModel

from npid_mm.datasets.image_folders.image_sources import NamedImages, Source, named_images
from npid_mm.engine.inference import load_network
from npid_mm.export.embeddings import Embeddings
from npid_mm.retrieval.embed_files import embed_files
from npid_mm.retrieval.image_files import explain_killed_workers
from npid_mm.retrieval.index import FeatureIndex
from npid_mm.utils.checks import check_whole
from npid_mm.utils.paths import printable_path

from .processes import refuse_in_worker, worker_count
from .run_folder import find_run

SHOWN = 20  # unreadable images in a message


def embed(
    run: str | os.PathLike,
    images: Source | Iterable[Source],
    *,
    batch_size: int = 64,
    workers: int = 2,
    device: str | None = None,
    config: str | os.PathLike | None = None,
) -> Embeddings:
    """Embed images with the network of a run.

    Args:
        run (str | PathLike | Run): Folder of a run, or one of its checkpoints.
        images (str | PathLike | Iterable): A folder; a ``.txt`` or ``.csv`` file with a list of
            images; an image file; or several of these. See
            :func:`~npid_mm.datasets.image_folders.image_sources.named_images`.
        batch_size (int): Images per batch.
        workers (int): Processes that load images; 0 loads in this process.
        device (str, optional): Defaults to the GPU if there is one.
        config (str | PathLike, optional): Config of the checkpoint, if its folder has no
            ``run.json``. A config in Python is executed.

    Returns:
        Embeddings: Paths, unit vectors and labels of the readable images, in the order of the
        images; ``unreadable`` lists the others.

    Raises:
        FileNotFoundError: If the checkpoint, its config or images are missing.
        TypeError: If ``images`` is neither a path nor several.
        ValueError: If no image can be read, the checkpoint is not of the network, or a number is
            out of range.

    Example:
        >>> embeddings = npid_mm.embed('run', 'photographs/')
        >>> embeddings.vectors @ embeddings.vectors[0]  # similarity to the first image
    """
    refuse_in_worker()
    check_whole('batch_size', batch_size)
    check_whole('workers', workers, least=0)
    cfg, checkpoint = find_run(run, config)
    found = named_images(images)
    if found.remarks:
        print('; '.join(found.remarks))
    return embed_named(load_network(cfg, checkpoint, device), found, batch_size, workers)


def embed_named(
    model: BaseModel, found: NamedImages, batch_size: int = 64, workers: int = 2
) -> Embeddings:
    """Embed images with a network.

    Args:
        model (BaseModel): Result of :func:`~npid_mm.engine.inference.load_network`.
        found (NamedImages): The images.
        batch_size (int): Images per batch.
        workers (int): Processes that load images; 0 loads in this process.

    Returns:
        Embeddings: Those of :func:`embed`.

    Raises:
        ValueError: If no image can be read.
    """
    unreadable: dict[int, str] = {}
    vectors, order = [], []
    with explain_killed_workers():
        for batch in embed_files(model, found.paths, batch_size, worker_count(workers), unreadable):
            vectors.append(batch.rows.numpy())
            order += batch.positions
    left_out = {found.paths[position]: reason for position, reason in sorted(unreadable.items())}
    if not order:
        reasons = [f'  {printable_path(path)}: {why}' for path, why in left_out.items()]
        raise ValueError('no image can be read:\n' + '\n'.join(reasons[:SHOWN]))
    labels = [found.labels[position] for position in order]
    return Embeddings(
        [found.paths[position] for position in order],
        np.concatenate(vectors),
        labels if any(labels) else None,
        left_out,
    )


def index_embeddings(index: str | os.PathLike) -> Embeddings:
    """Read paths, labels and vectors of an index; nothing in it is executed.

    Args:
        index (str | PathLike): Folder of the index.

    Returns:
        Embeddings: The rows in float32, rounded as the index stores them.

    Raises:
        FileNotFoundError: If the folder has no index.
        ValueError: If it is damaged.
    """
    opened = FeatureIndex(os.fspath(index))
    entries = list(opened.entries())
    labels = [entry.label for entry in entries]
    return Embeddings(
        [entry.path for entry in entries],
        opened.rows.float().numpy(),
        labels if any(labels) else None,
    )
