"""Load and preprocess the images to index or to search with, and report unreadable ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from mmengine.dataset import default_collate
from torch.utils.data import Dataset

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.images import plain_reason

from .queries import Query


class Batch(NamedTuple):
    """Readable images of a batch, and the reasons of the others."""

    positions: list[int]  # of the readable images
    data: dict  # input of the network; empty if no image is readable
    unreadable: dict[int, str]  # position -> reason

    @property
    def size(self) -> list[int]:
        """list[int]: Height and width after the pipeline."""
        return list(self.data['inputs'][0].shape[1:])


class ImageFiles(Dataset):
    """Data set of (position, sample or None, reason why it cannot be read).

    Args:
        images (Sequence[str | ndarray]): Files, or arrays (H, W, 3) of uint8 in BGR.
        pipeline (ImagePipeline): Prepares each image.
    """

    def __init__(self, images: Sequence[Query], pipeline: ImagePipeline):
        self.images = images
        self.pipeline = pipeline

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> tuple[int, dict | None, str]:
        image = self.images[position]
        try:
            return position, self.pipeline(image), ''
        except Exception as error:  # a decoder may raise anything
            return position, None, plain_reason(error)


def collate_readable(samples: Sequence[tuple[int, dict | None, str]]) -> Batch:
    """Collate samples of :class:`ImageFiles`.

    Raises:
        ValueError: If the images differ in size after the pipeline.
    """
    good = [(position, sample) for position, sample, _ in samples if sample is not None]
    sizes = sorted({tuple(sample['inputs'].shape[1:]) for _, sample in good})
    for size in sizes[1:]:
        check_size(size, sizes[0])
    return Batch(
        [position for position, _ in good],
        default_collate([sample for _, sample in good]) if good else {},
        {position: reason for position, sample, reason in samples if sample is None},
    )


@contextmanager
def explain_killed_workers() -> Iterator[None]:
    """Translate the errors that follow the end of a data loader's process.

    PyTorch raises RuntimeError in the main process, or the loader meets a closed pipe.

    Raises:
        ChildProcessError: If a process that loads images was killed, e.g. for a lack of memory.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith('DataLoader worker (pid'):
            raise
        raise ChildProcessError(
            'a process that loads images was killed, most likely because memory ran out: finished '
            'images are kept, and the same command continues; try --workers 0 or 1, or a smaller '
            '--batch-size'
        ) from error


def check_size(size: Sequence[int], expected: Sequence[int]) -> None:
    """Check that an image has the size of the others.

    Args:
        size (Sequence[int]): Height and width.
        expected (Sequence[int]): Height and width of the others.

    Raises:
        ValueError: If they differ.
    """
    if tuple(size) != tuple(expected):
        raise ValueError(
            f'images must have one size after the test pipeline, got {tuple(size)} and '
            f'{tuple(expected)}: the config is for images of a fixed size; resize yours, or add '
            'ResizeEdge and CenterCrop to test_dataloader.dataset.pipeline and make a new index'
        )
