"""Images to curate: rows, paths, labels and sets, from an index or from the bank of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.convert.npid_state import BANK, IMAGES, OWN_PROBABILITY
from npid_mm.datasets.image_folders.split_names import split_kind
from npid_mm.datasets.image_names import PIXELS, unpack_names
from npid_mm.engine.resume import newest_checkpoint
from npid_mm.retrieval import FeatureIndex
from npid_mm.retrieval.index.metadata import META


@dataclass(eq=False)
class ImageSet:
    """N images and what is known of them.

    Attributes:
        rows (Tensor): (N, D), unit rows of any floating type.
        paths (list[str]): File of each image, or the name that a checkpoint has for it.
        labels (list[str | None]): Class of each image.
        sets (list[str]): Set of each image, such as 'train' or 'val'; '' if it is not known.
        own (Tensor, optional): (N,), P(i|f) that the training recorded; NaN where it did not.
    """

    rows: Tensor
    paths: list[str]
    labels: list[str | None]
    sets: list[str]
    own: Tensor | None = None

    def __len__(self) -> int:
        return len(self.paths)


def read_image_set(
    source: str | Path, against: str | Path | None = None, images: str | Path | None = None
) -> ImageSet:
    """Read the images of an index, or of the memory bank of a run.

    With one source, the set of an image is that of the folder in its path that is called train,
    val, test or the like. With two, it is the source.

    Args:
        source (str | Path): Folder of an index or of a run, or a checkpoint.
        against (str | Path, optional): Another index or run of the same network, whose images are
            compared with those of ``source``.
        images (str | Path, optional): Folder that the names in a checkpoint are relative to.

    Returns:
        ImageSet: Images of ``source``, then those of ``against``.

    Raises:
        FileNotFoundError: If a folder has neither an index nor a checkpoint, or ``images`` is not a
            folder.
        ValueError: If a file is damaged, a checkpoint has no bank or no names of its images, there
            are fewer than 2 images, or the sources differ in D.
    """
    if images is not None and not Path(images).is_dir():
        raise FileNotFoundError(f'images must be a folder (--images), got {images}')
    found = _read(Path(source), images)
    if against is not None:
        other = _read(Path(against), images)
        if found.rows.shape[1] != other.rows.shape[1]:
            raise ValueError(
                f'{source} and {against} must be of one network, got rows of '
                f'{found.rows.shape[1]} and {other.rows.shape[1]} dimensions'
            )
        names = [str(source), str(against)]
        found = ImageSet(
            torch.cat([found.rows, other.rows.to(found.rows.dtype)]),
            found.paths + other.paths,
            found.labels + other.labels,
            [names[0]] * len(found) + [names[1]] * len(other),
            _join(found, other),
        )
    if len(found) < 2:
        raise ValueError(f'{source} must have at least 2 images to compare, got {len(found)}')
    return found


def _read(source: Path, images: str | Path | None) -> ImageSet:
    if (source / META).is_file():
        index = FeatureIndex(source)
        paths, labels = [], []
        for entry in index.entries():
            paths.append(entry.path)
            labels.append(entry.label)
        return ImageSet(index.rows, paths, labels, path_sets(paths))
    path = newest_checkpoint(source) if source.is_dir() else source
    if path is None:
        raise FileNotFoundError(
            f'{source} has neither an index nor a checkpoint: give the folder of an index (npid '
            'index) or of a run'
        )
    content = load_tensors(path)
    state = content.get('state_dict', {}) if isinstance(content, dict) else {}
    rows = state.get(BANK)
    if not isinstance(rows, Tensor) or rows.dim() != 2 or IMAGES not in content:
        raise ValueError(
            f'{path} must have a memory bank and the names of its images, which trainings of '
            'npid_mm save: give such a checkpoint, or make an index of the images with npid index'
        )
    names = unpack_names(content[IMAGES], len(rows))
    if len(names) != len(rows):
        raise ValueError(f'{path} is damaged: it has {len(names)} names for {len(rows)} rows')
    own = content.get(OWN_PROBABILITY)
    known = isinstance(own, Tensor) and own.shape == (len(rows),)
    paths = [_locate(name, images) for name in names]
    return ImageSet(rows, paths, [None] * len(rows), path_sets(paths), own if known else None)


def _locate(name: str, images: str | Path | None) -> str:
    return name if images is None or name.startswith(PIXELS) else str(Path(images) / name)


def _join(first: ImageSet, second: ImageSet) -> Tensor | None:
    if first.own is None and second.own is None:
        return None
    parts = [first, second]
    missing = [torch.full((len(each),), torch.nan) for each in parts]
    return torch.cat(
        [none if each.own is None else each.own for each, none in zip(parts, missing, strict=True)]
    )


def path_sets(paths: Sequence[str]) -> list[str]:
    """Return 'train', 'val' or 'test' for each path with such a folder, '' for others.

    The last such folder of a path counts.
    """
    return [
        next(filter(None, map(split_kind, reversed(Path(path).parts[:-1]))), '') for path in paths
    ]
