"""One instance index over any data set, and what to do with images that cannot be read."""

import logging
import random
from numbers import Real

import torch
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from .seeding import mixed_seed, seed_generators


@DATASETS.register_module()
class InstanceDataset(Dataset):
    """Give each sample of a data set its position as ``sample_idx``.

    Needed around a ``ConcatDataset``, whose parts each count from 0, and useful around any:
    an image that cannot be read is named by its path, and up to a share of them is replaced by
    other instances (index and image together) instead of ending a long run.

    Args:
        dataset (dict | Dataset): The data set. Its pipeline ends in ``PackInputs``.
        max_unreadable (float): Share of the data set, in [0, 1), that may be unreadable before
            the run is stopped with their list. 0 stops at the first.
        fraction (float): Share of the data set to keep, in (0, 1], evenly spaced: in a list that
            is sorted by class, every class keeps its share.

    Raises:
        ValueError: ``max_unreadable`` is no number in [0, 1), ``fraction`` none in (0, 1], or the
            data set is empty.
    """

    def __init__(self, dataset: dict | Dataset, max_unreadable: float = 0.0, fraction: float = 1.0):
        if not isinstance(max_unreadable, Real) or not 0 <= max_unreadable < 1:
            raise ValueError(f'max_unreadable must be in [0, 1), got {max_unreadable!r}')
        if not isinstance(fraction, Real) or not 0 < fraction <= 1:
            raise ValueError(f'fraction must be in (0, 1], got {fraction!r}')
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        if len(self.dataset) == 0:
            raise ValueError('the data set has no sample: check its data_root and ann_file')
        self.max_unreadable = max_unreadable
        self._length = max(1, round(fraction * len(self.dataset)))
        # seed and epoch, -1 while samples are not seeded; in shared memory, so that workers that
        # live through several epochs see the change
        self._clock = torch.full((2,), -1, dtype=torch.long).share_memory_()
        # likewise, so that workers count together
        self._unreadable = torch.zeros(self._length, dtype=torch.bool).share_memory_()

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the data set."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Load the annotations, if the data set has put it off."""
        self.dataset.full_init()

    def seed_samples(self, seed: int, epoch: int) -> None:
        """From now on, seed the generators for each sample from (seed, epoch, index)."""
        self._clock.copy_(torch.tensor([seed, epoch]))

    def get_data_info(self, index: int) -> dict:
        """Annotation of the sample at position ``index``."""
        return {**self.dataset.get_data_info(self._position(index)), 'sample_idx': index}

    def __len__(self) -> int:
        return self._length

    def _position(self, index: int) -> int:
        """Where sample ``index`` stands in the data set that is wrapped."""
        return index * len(self.dataset) // self._length

    def __getitem__(self, index: int) -> dict:
        """Sample ``index``, or another one if its image cannot be read.

        Raises:
            RuntimeError: More than ``max_unreadable`` of the images cannot be read.
        """
        seed, epoch = self._clock.tolist()
        if seed >= 0:
            seed_generators(mixed_seed(seed, epoch, index))
        while True:
            sample = self._read(index)
            if sample is not None:
                sample['data_samples'].set_metainfo({'sample_idx': index})
                return sample
            index = random.randrange(len(self))

    def _read(self, index: int) -> dict | None:
        """Sample ``index``, or None after taking note that it cannot be read."""
        position = self._position(index)
        expected = self.dataset.get_data_info(position)['sample_idx']
        try:
            sample = self.dataset[position]
            # a data set that fetches another image by itself shows it by the index
            if sample['data_samples'].get('sample_idx', expected) == expected:
                return sample
            error = RuntimeError('the data set gave another sample')
        except Exception as reason:  # a decoder may raise anything
            error = reason
        self._unreadable[index] = True
        self._stop_if_too_many(error)
        print_log(
            f'cannot read {self._path(index)}: {error}; taking another instance',
            logger='current',
            level=logging.WARNING,
        )
        return None

    def _stop_if_too_many(self, error: Exception) -> None:
        """Raise if the share of unreadable images is above ``max_unreadable``."""
        found = self._unreadable.nonzero().flatten().tolist()
        if len(found) <= self.max_unreadable * len(self):
            return
        paths = '\n'.join(f'  {self._path(index)}' for index in found[:100])
        raise RuntimeError(
            f'cannot read {len(found)} of {len(self)} images, and max_unreadable='
            f'{self.max_unreadable} allows {int(self.max_unreadable * len(self))}; remove or '
            f'replace them:\n{paths}\nlast error: {error}'
        ) from error

    def _path(self, index: int) -> str:
        """What to call sample ``index`` in a message."""
        info = self.get_data_info(index)
        return info.get('img_path', f'sample {index}')
