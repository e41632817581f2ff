"""Embed image files with a trained network."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mmengine.model import BaseModel
from mmpretrain.utils import track
from torch import Tensor
from torch.utils.data import DataLoader

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import index_feature

from .image_files import ImageFiles, check_size, collate_readable


class Embedded(NamedTuple):
    """Rows of a batch of images."""

    rows: Tensor  # (n, D) on the CPU
    positions: list[int]  # of the images in the list of files
    size: list[int]  # height and width after the pipeline


def embed_files(
    model: BaseModel,
    paths: Sequence[str],
    batch_size: int,
    num_workers: int,
    unreadable: dict[int, str],
    size: Sequence[int] | None = None,
) -> Iterator[Embedded]:
    """Embed files batch by batch, and show the progress.

    Args:
        model (BaseModel): Result of :func:`~npid_mm.engine.inference.load_network`.
        paths (Sequence[str]): Files.
        batch_size (int): Images per batch.
        num_workers (int): Processes that load images; 0 loads in this process.
        unreadable (dict[int, str]): Receives positions of unreadable images, with the reasons.
        size (Sequence[int], optional): Height and width that the images must have after the
            pipeline; by default those of the first.

    Yields:
        Embedded: Rows of the readable images.

    Raises:
        ValueError: If the images differ in size after the pipeline.
    """
    config = model._config
    loader = DataLoader(
        ImageFiles(paths, ImagePipeline(config)),
        batch_size=batch_size,
        num_workers=num_workers,
        collate_fn=collate_readable,
    )
    for batch in track(loader, 'images', total=len(loader)):
        unreadable.update(batch.unreadable)
        if batch.positions:
            size = size or batch.size
            check_size(batch.size, size)
            rows = batch_features(model, batch.data, index_feature(config))[0].cpu()
            yield Embedded(rows, batch.positions, batch.size)
