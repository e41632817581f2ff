"""Training set of instance discrimination: every sample has its position as index."""

import logging
import random

import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS

from npid_mm.utils.seeding import mixed_seed, seed_generators

from .tolerant_dataset import TolerantDataset


@DATASETS.register_module()
class InstanceDataset(TolerantDataset):
    """Give each sample of a data set its position as ``sample_idx``.

    Required around a ``ConcatDataset``, whose parts each count from 0. Around any data set, an
    unreadable image is logged with its path, and up to a share of them is replaced by other
    instances (index and image together) instead of ending a long run.

    Args:
        dataset (dict | BaseDataset): The data set. Its pipeline ends in ``PackInputs``.
        max_unreadable (float): Share of the data set, in [0, 1), that may be unreadable before
            the run stops with their list. 0 stops at the first; above 0, one image always may be
            unreadable.
        fraction (float): Share of the data set to keep, in (0, 1], evenly spaced: every class of a
            list that is sorted by class keeps its share.

    Raises:
        ValueError: If ``max_unreadable`` is outside [0, 1), ``fraction`` outside (0, 1], or the
            data set is empty.
    """

    def __init__(
        self, dataset: dict | BaseDataset, max_unreadable: float = 0.0, fraction: float = 1.0
    ):
        super().__init__(dataset, max_unreadable, fraction)
        # seed and epoch, -1 if samples are not seeded; in shared memory for persistent workers
        self._seed_and_epoch = torch.full((2,), -1, dtype=torch.long).share_memory_()

    def seed_samples(self, seed: int, epoch: int) -> None:
        """Seed the generators for each sample from (seed, epoch, index) from now on."""
        self._seed_and_epoch.copy_(torch.tensor([seed, epoch]))

    def __getitem__(self, index: int) -> dict:
        """Sample ``index``, or another one if its image is unreadable.

        Raises:
            TooManyUnreadableError: If more than ``max_unreadable`` of the images are unreadable.
        """
        seed, epoch = self._seed_and_epoch.tolist()
        if seed >= 0:
            seed_generators(mixed_seed(seed, epoch, index))
        while (sample := self._try(index)) is None:
            known = bool(self._unreadable[index])
            self.note_unreadable({index: self._reasons[index]})
            if not known:
                print_log(
                    f'cannot read {self._path(index)}: {self._reasons[index]}; taking another '
                    'instance',
                    logger='current',
                    level=logging.WARNING,
                )
            index = random.randrange(len(self))
        return sample
