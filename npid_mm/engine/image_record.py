"""Keep the names of the training images in checkpoints, and compare them on resume."""

import logging
import os
from collections.abc import Mapping, Sequence

import torch
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import Dataset

from npid_mm.checkpoints.convert.npid_state import BANK, FOLDER, IMAGES
from npid_mm.datasets.image_names import check_repeats, image_names, pack_names, unpack_names
from npid_mm.engine.bank import Growth, match_images


class ImageRecord:
    """Names of the images of a training set, in order: row i of the bank belongs to image i.

    The names are in the checkpoint, compressed to a few bytes per image (a row has 512). A separate
    file could be lost when a checkpoint is copied, and hashes could not name the image of a row.

    Args:
        dataset (Dataset): The training set.
        trained (bool): Whether a trained bank exists. Repeated images are then only warned of.

    Raises:
        ValueError: If an image is repeated, see
            :func:`~npid_mm.datasets.image_names.check_repeats`.
    """

    def __init__(self, dataset: Dataset, trained: bool = False):
        names = image_names(dataset)
        try:
            check_repeats(dataset, names)
        except ValueError as error:
            if not trained:
                raise
            print_log(str(error), logger='current', level=logging.WARNING)
        self.packed = None if names is None else pack_names(names)
        self._length = len(names or ())
        self.folder = _folder(dataset, names) if names else None

    def write(self, checkpoint: dict) -> None:
        """Add the names to a checkpoint."""
        if self.packed is not None:
            checkpoint[IMAGES] = self.packed
        if self.folder is not None:
            checkpoint[FOLDER] = self.folder

    def check(self, checkpoint: Mapping, path: str, grow: bool = False) -> Growth | None:
        """Compare the training set with the names in a checkpoint, if it has a bank and names.

        Args:
            checkpoint (Mapping): Content of the checkpoint.
            path (str): The file, for the message.
            grow (bool): Return a difference instead of raising.

        Returns:
            Growth, optional: The difference with ``grow``; None without one.

        Raises:
            ValueError: If the bank has rows of other images, or in another order; with ``grow`` see
                :func:`~npid_mm.engine.bank.match_images`.
        """
        saved = checkpoint.get(IMAGES)
        state = checkpoint.get('state_dict', {})
        banks = [
            value
            for key, value in state.items()
            if key.endswith(BANK) and isinstance(value, Tensor) and value.dim()
        ]
        folder = checkpoint.get(FOLDER)
        if not banks or saved is None or self.packed is None:
            return None
        same = isinstance(saved, Tensor) and torch.equal(saved.cpu(), self.packed)
        if same and not (grow and self.folder != folder):
            return None
        names = unpack_names(saved, limit=len(banks[0]))
        present = unpack_names(self.packed, self._length)
        if not grow:
            compare_images(names, present, path)
            return None
        folders = folder if isinstance(folder, str) else None, self.folder
        growth = match_images(names, present, path, folders)
        same = growth.saved == self._length and torch.equal(
            growth.source, torch.arange(self._length)
        )
        return None if same else growth


def _folder(dataset: Dataset, names: Sequence[str]) -> str | None:
    """Folder that the names of a data set's files start from; None for images in memory."""
    path = dataset.get_data_info(0).get('img_path')
    if path is None:
        return None
    return os.path.abspath(str(path)).removesuffix(names[0])


def compare_images(saved: Sequence[str], present: Sequence[str], path: str) -> None:
    """Check that the rows of a bank belong to the images of a training set.

    Args:
        saved (Sequence[str]): Names of the images of the rows.
        present (Sequence[str]): Names of the training images.
        path (str): The checkpoint, for the message.

    Raises:
        ValueError: If the names differ. The message names the first difference.
    """
    pairs = enumerate(zip(saved, present, strict=False))
    first = next((each for each, (a, b) in pairs if a != b), min(len(saved), len(present)))
    if first == len(saved) == len(present):
        return
    there, here = (names[first] if first < len(names) else 'none' for names in (saved, present))
    differs = f'the first difference is row {first}: {there} in the checkpoint, {here} now'
    if sorted(saved) == sorted(present):
        raise ValueError(
            f'the memory bank of {path} has its rows in another order than the images of '
            f'train_dataloader ({differs}): give the list that it was trained on, or '
            f'reorder the bank with npid convert reorder-bank {path} OUT --new LIST, check that '
            'with npid convert check-bank-order, and start from OUT with load_from'
        )
    gone, new = set(saved) - set(present), set(present) - set(saved)
    raise ValueError(
        f'the memory bank of {path} belongs to other images than those of train_dataloader '
        f'({differs}; {len(gone):,} of its {len(saved):,} images are not there now, and '
        f'{len(new):,} of the {len(present):,} current ones are new): give the images that it was '
        'trained on; set default_hooks.memory_bank.grow=True to resume with the current ones, of '
        'which known images keep their rows; or start a new run from its backbone alone '
        '(npid convert extract-backbone); where files were only renamed, set '
        'default_hooks.memory_bank.check_images=False'
    )
