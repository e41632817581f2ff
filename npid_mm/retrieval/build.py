"""Building an index, or adding to one: image files in, rows on the disk."""

import os
from collections.abc import Iterator
from itertools import compress
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmpretrain.utils import track
from torch import Tensor
from torch.utils.data import DataLoader

from npid_mm.config.training_images import with_test_pipeline
from npid_mm.datasets.image_folders.find_images import find_images
from npid_mm.datasets.image_folders.folder_layout import folder_classes
from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import describe_network, index_feature, load_network
from npid_mm.retrieval.index.entries import Entry
from npid_mm.retrieval.index.feature_index import FeatureIndex, check_free
from npid_mm.retrieval.index.metadata import DTYPES, META
from npid_mm.retrieval.index.sole_writer import sole_writer
from npid_mm.utils.checks import check_whole
from npid_mm.utils.paths import real_paths

from .image_files import ImageFiles, ImagePipeline, check_size, collate_readable, killed_loaders
from .search_config import as_json, search_config

SHOWN = 20  # unreadable images in a message
BLOCK = 512  # images; an interrupted build loses no more


def build_index(
    folder: str | Path,
    cfg: Config,
    checkpoint: str,
    images: str | Path,
    dtype: str = 'bfloat16',
    batch_size: int = 64,
    num_workers: int = 2,
    device: str | None = None,
    trust: bool = False,
) -> tuple[FeatureIndex, dict[str, str]]:
    """Embed the images of a folder and put them into an index, a new one or more into an old one.

    Images that the index has already are left out, so the same call resumes where an interrupted
    one stopped, and takes up images that came later. One that cannot be read is left out and named.

    Args:
        folder (str | Path): The index.
        cfg (Config): Config of a pretraining or of a kNN evaluation; its test pipeline prepares the
            images, its ``test_cfg.feature`` says what is stored, by default the embedding.
        checkpoint (str): File or address.
        images (str | Path): Folder of images; subfolders give labels, see
            :func:`~npid_mm.datasets.image_folders.folder_layout.read_layout`.
        dtype (str): 'bfloat16', 'float16' or 'float32'.
        batch_size (int): Images at once, at least 1.
        num_workers (int): Processes that load images; 0 loads in this one.
        device (str, optional): Defaults to the GPU if there is one.
        trust (bool): Add to an index of another user or machine, and sign it as one's own.

    Returns:
        tuple[FeatureIndex, dict[str, str]]: The index, and the images that cannot be read with the
        reasons.

    Raises:
        FileNotFoundError: There is no such folder, checkpoint, or no image.
        FileExistsError: ``folder`` holds something else.
        ChildProcessError: A process that loads images was killed; what was done is in the index.
        BlockingIOError: Another process is writing to the index.
        PermissionError: This user did not make the index, and ``trust`` is not set.
        ValueError: The config builds what an index cannot keep; the index is damaged, or of another
            network, preprocessing or dtype; no image can be read; the images differ in size behind
            the pipeline; or an argument is not allowed.
    """
    if dtype not in DTYPES:
        raise ValueError(f'dtype must be one of {", ".join(DTYPES)}, got {dtype!r}')
    check_whole('batch_size', batch_size)
    check_whole('num_workers', num_workers, least=0)
    cfg = search_config(with_test_pipeline(cfg))
    if not os.path.lexists(Path(folder) / META):
        check_free(folder)
    checkpoint, found = str(checkpoint), find_images(images)
    classes, remark = folder_classes(found.names)
    paths, labels = found.paths, list(map(classes.get, found.names))
    if remarks := [*filter(None, [remark]), *found.remarks()]:
        print('; '.join(remarks))
    with killed_loaders(), sole_writer(folder):
        index = FeatureIndex(folder) if os.path.lexists(Path(folder) / META) else None
        if index is not None:
            index.check_trusted(trust)
        model = load_network(cfg, checkpoint, device)
        about = {
            **describe_network(model),
            'dtype': dtype,
            'checkpoint': checkpoint if '://' in checkpoint else str(Path(checkpoint).resolve()),
        }
        if index is not None:
            index.check_same(about)
            about['size'] = index.meta['size']
            have = set(real_paths(entry.path for entry in index.entries()))
            new = [real not in have for real in real_paths(paths)]
            paths, labels = list(compress(paths, new)), list(compress(labels, new))
        loader = DataLoader(
            ImageFiles(paths, ImagePipeline(cfg)),
            batch_size=batch_size,
            num_workers=num_workers,
            collate_fn=collate_readable,
        )
        unreadable = {}
        for rows, positions in _blocks(_embedded(model, loader, about, unreadable)):
            if index is None:
                about['dim'] = rows.shape[1]
                index = FeatureIndex.create(folder, as_json(cfg), about)
            index.append(rows, [Entry(paths[each], labels[each]) for each in positions])
    unreadable = {paths[position]: reason for position, reason in unreadable.items()}
    if index is None:
        reasons = [f'  {path}: {reason}' for path, reason in list(unreadable.items())[:SHOWN]]
        raise ValueError(f'no image of {images} can be read:\n' + '\n'.join(reasons))
    return index, unreadable


def _embedded(
    model: BaseModel, loader: DataLoader, about: dict, unreadable: dict[int, str]
) -> Iterator[tuple[Tensor, list[int]]]:
    """Rows (n, D) of each batch on the CPU, and their positions.

    ``about`` gets the ``size`` of the images, or has it; ``unreadable`` grows.
    """
    level = index_feature(model._config)
    for batch in track(loader, 'images', total=len(loader)):
        unreadable.update(batch.unreadable)
        if batch.positions:
            check_size(batch.size, about.setdefault('size', batch.size))
            yield batch_features(model, batch.data, level)[0].cpu(), batch.positions


def _blocks(
    batches: Iterator[tuple[Tensor, list[int]]],
) -> Iterator[tuple[Tensor, list[int]]]:
    """Batches put together to blocks of at least :data:`BLOCK` rows; the last may have fewer."""
    rows, positions = [], []
    for row, position in batches:
        rows.append(row)
        positions += position
        if len(positions) >= BLOCK:
            yield torch.cat(rows), positions
            rows, positions = [], []
    if rows:
        yield torch.cat(rows), positions
