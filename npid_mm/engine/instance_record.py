"""The list of images that the rows of a memory bank belong to, kept in checkpoints."""

import logging
from collections.abc import Mapping, Sequence

import torch
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import Dataset

from npid_mm.checkpoints.convert.state import BANK, IMAGES
from npid_mm.datasets.image_names import check_repeats, image_names, pack_names, unpack_names


class InstanceRecord:
    """Names of the images of a training set, in order: row i of the bank belongs to image i.

    They are kept in the checkpoint itself, compressed to a few bytes per image, beside a row of 512
    bytes: a file of its own would be lost when a checkpoint is copied, and hashes alone could not
    name the image that a row belongs to.

    Args:
        dataset (Dataset): The training set.
        trained (bool): Whether there is a bank already, with a row for each image. Repeated
            images are then a warning only.

    Raises:
        ValueError: An image is there more than once, see
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

    def write(self, checkpoint: dict) -> None:
        """Add the list to what is saved."""
        if self.packed is not None:
            checkpoint[IMAGES] = self.packed

    def check(self, checkpoint: Mapping, path: str) -> None:
        """Compare the training set with the list of a checkpoint, if that has one.

        Args:
            checkpoint (Mapping): Its content.
            path (str): The file, for the message.

        Raises:
            ValueError: The bank has rows of other images, or in another order.
        """
        saved = checkpoint.get(IMAGES)
        rows = any(key.endswith(BANK) for key in checkpoint.get('state_dict', ()))
        if not rows or saved is None or self.packed is None or _equal(saved, self.packed):
            return
        compare_images(unpack_names(saved), unpack_names(self.packed), path)


def _equal(saved, packed: Tensor) -> bool:
    return isinstance(saved, Tensor) and torch.equal(saved.cpu(), packed)


def compare_images(saved: Sequence[str], present: Sequence[str], path: str) -> None:
    """Refuse a bank whose rows do not belong to the images of a training set.

    Args:
        saved (Sequence[str]): Names of the images that the rows belong to.
        present (Sequence[str]): Names of the training set's images.
        path (str): The checkpoint, for the message.

    Raises:
        ValueError: The names differ. The message has the first that does.
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
            f'train_dataloader ({differs}): give the list that it was trained on, or bring '
            f'it into the present order with tools/model_converters/reorder_bank.py {path} OUT '
            '--new LIST, check that with check_bank_order.py beside it, and start from OUT with '
            'load_from'
        )
    gone, new = set(saved) - set(present), set(present) - set(saved)
    raise ValueError(
        f'the memory bank of {path} belongs to other images than those of train_dataloader '
        f'({differs}; {len(gone):,} of its {len(saved):,} images are not there now, and '
        f'{len(new):,} of the {len(present):,} present ones are new): give the images that it was '
        'trained on, or start a new run from its backbone alone '
        '(tools/model_converters/extract_backbone.py); where files were only renamed, set '
        'default_hooks.memory_bank.check_images=False'
    )
