"""Build an index from a folder of images, or add images to one."""

import os
from collections.abc import Iterator
from itertools import compress
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from npid_mm.config.training_images import with_test_pipeline
from npid_mm.datasets.image_folders.folder_layout import folder_classes
from npid_mm.engine.inference import describe_network, load_network
from npid_mm.images.find_images import find_images
from npid_mm.retrieval.index.entries import Entry
from npid_mm.retrieval.index.feature_index import FeatureIndex, check_new
from npid_mm.retrieval.index.metadata import DTYPES, META
from npid_mm.retrieval.index.write_lock import write_lock
from npid_mm.utils.checks import check_whole
from npid_mm.utils.paths import real_paths

from .embed_files import Embedded, embed_files
from .image_files import explain_killed_workers
from .stored_config import config_to_json, embedding_config
from .stored_encoder import store_encoder

MAX_LISTED = 20  # unreadable images in a message
BLOCK = 512  # images written at once; an interrupted build loses at most these


def build_index(
    folder: str | Path,
    cfg: Config,
    checkpoint: str,
    images: str | Path,
    dtype: str | None = None,
    batch_size: int = 64,
    num_workers: int = 2,
    device: str | None = None,
    trust: bool = False,
) -> tuple[FeatureIndex, dict[str, str]]:
    """Embed the images of a folder and add them to an index, which is created if missing.

    The index gets ``encoder.onnx``, with which it is searched without torch, if onnx and
    onnxruntime are installed and the network can be exported; otherwise a line says why not.
    Images that the index has already are skipped. The same call thus resumes an interrupted build,
    and adds new images. Unreadable images are skipped and returned.

    Args:
        folder (str | Path): The index.
        cfg (Config): Config of a pretraining or of a kNN evaluation. Its test pipeline prepares the
            images; ``test_cfg.feature`` chooses the features, by default the embedding.
        checkpoint (str): File or URL.
        images (str | Path): Folder of images; subfolders give labels, see
            :func:`~npid_mm.datasets.image_folders.folder_layout.read_layout`.
        dtype (str, optional): 'float16' or 'float32'. Defaults to that of the index, float16 for a
            new one.
        batch_size (int): Images per batch, at least 1.
        num_workers (int): Processes that load images; 0 loads in the main process.
        device (str, optional): Defaults to the GPU if there is one.
        trust (bool): Add to an index of another user or machine, and sign it.

    Returns:
        tuple[FeatureIndex, dict[str, str]]: The index, and the unreadable images with reasons.

    Raises:
        FileNotFoundError: If the folder or the checkpoint is missing, or the folder has no image.
        FileExistsError: If ``folder`` holds other files.
        ChildProcessError: If a process that loads images was killed; the index keeps what is done.
        BlockingIOError: If another process is writing to the index.
        PermissionError: If another user made the index, and ``trust`` is false.
        ValueError: If the config cannot be stored in an index; the index is damaged, or of another
            network, preprocessing or dtype; no image can be read; the images differ in size after
            the pipeline; or an argument is not allowed.

    Example:
        >>> cfg = Config.fromfile('config.py')
        >>> index, unreadable = build_index('index', cfg, 'epoch_100.pth', 'photographs')
    """
    if dtype not in (None, *DTYPES):
        raise ValueError(f'dtype must be one of {", ".join(DTYPES)}, got {dtype!r}')
    check_whole('batch_size', batch_size)
    check_whole('num_workers', num_workers, least=0)
    cfg = embedding_config(with_test_pipeline(cfg))
    if not os.path.lexists(Path(folder) / META):
        check_new(folder)
    checkpoint, found = str(checkpoint), find_images(images)
    classes, remark = folder_classes(found.names)
    paths, labels = found.paths, list(map(classes.get, found.names))
    if remarks := [*filter(None, [remark]), *found.remarks()]:
        print('; '.join(remarks))
    with explain_killed_workers(), write_lock(folder):
        index = FeatureIndex(folder) if os.path.lexists(Path(folder) / META) else None
        if index is not None:
            index.check_trusted(trust)
        model = load_network(cfg, checkpoint, device)
        about = {
            **describe_network(model),
            'dtype': dtype or (index.meta['dtype'] if index else DTYPES[0]),
            'checkpoint': checkpoint if '://' in checkpoint else str(Path(checkpoint).resolve()),
        }
        if index is not None:
            index.check_compatible(about)
            about['size'] = index.meta['size']
            if index.meta.get('encoder') is None and len(index):
                store_encoder(index, model)
            have = set(real_paths(entry.path for entry in index.entries()))
            new = [real not in have for real in real_paths(paths)]
            paths, labels = list(compress(paths, new)), list(compress(labels, new))
        unreadable: dict[int, str] = {}
        batches = embed_files(model, paths, batch_size, num_workers, unreadable, about.get('size'))
        for rows, positions, about['size'] in _blocks(batches):
            if index is None:
                about['dim'] = rows.shape[1]
                index = FeatureIndex.create(folder, config_to_json(cfg), about)
                store_encoder(index, model, [paths[each] for each in positions])
            index.append(rows, [Entry(paths[each], labels[each]) for each in positions])
    skipped = {paths[position]: reason for position, reason in unreadable.items()}
    if index is None:
        reasons = [f'  {path}: {reason}' for path, reason in list(skipped.items())[:MAX_LISTED]]
        raise ValueError(f'no image of {images} can be read:\n' + '\n'.join(reasons))
    return index, skipped


def _blocks(batches: Iterator[Embedded]) -> Iterator[Embedded]:
    """Join batches to blocks of at least :data:`BLOCK` rows; the last one may have fewer."""
    rows: list[Tensor] = []
    positions: list[int] = []
    size: list[int] = []
    for row, position, size in batches:
        rows.append(row)
        positions += position
        if len(positions) >= BLOCK:
            yield Embedded(torch.cat(rows), positions, size)
            rows, positions = [], []
    if rows:
        yield Embedded(torch.cat(rows), positions, size)
