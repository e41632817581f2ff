"""Data set for evaluations, which marks unreadable images instead of failing."""

import logging
from collections.abc import Sequence

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS
from torch import Tensor
from torch.utils.data import Dataset, Subset

from .tolerant_dataset import TolerantDataset

SHARE = 0.01  # default of max_unreadable


@DATASETS.register_module()
class EvaluationDataset(TolerantDataset):
    """Mark samples with an unreadable image, so that metrics leave them out.

    The data sample of such an image has ``unreadable=True`` in its meta information. Its inputs are
    those of a later image, because a batch needs some. ``sample_idx`` of each sample is its
    position.

    Args:
        dataset (dict | BaseDataset): The data set. Its pipeline ends in ``PackInputs``.
        max_unreadable (float): Share of the data set, in [0, 1), that may be unreadable. Above 0,
            one image always may.
    """

    def __init__(self, dataset: dict | BaseDataset, max_unreadable: float = SHARE):
        super().__init__(dataset, max_unreadable)

    def __getitem__(self, index: int) -> dict:
        """Sample ``index``, with the inputs of a later image if its own is unreadable.

        Raises:
            TooManyUnreadableError: If more than ``max_unreadable`` of the images are unreadable.
        """
        position = index
        while (sample := self._try(position)) is None:
            self.note_unreadable({position: self._reasons[position]})
            position = (position + 1) % len(self)
        if position != index:
            sample['data_samples'].set_metainfo({'sample_idx': index, 'unreadable': True})
        return sample

    def readable(self, positions: Tensor) -> Dataset:
        """Select the readable samples, and log the others.

        Args:
            positions (Tensor): (n,), positions of the readable samples, in order.
        """
        if len(positions) == len(self):
            return self
        unreadable = sorted(set(range(len(self))) - set(positions.tolist()))
        print_log(f'images: {self.left_out(unreadable)}', 'current', logging.WARNING)
        return Selection(self, positions)

    def left_out(self, positions: Sequence[int]) -> str:
        """Describe in one line how many images were left out, and which."""
        paths = '; '.join(self._listed(list(positions)).split('\n')).strip()
        return f'{len(positions)} of {len(self)} cannot be read and are left out: {paths}'


class Selection(Subset):
    """Samples of a data set at some positions, with its annotations and meta information.

    Args:
        dataset (BaseDataset): The data set.
        positions (Tensor): (n,), positions in it.
    """

    dataset: BaseDataset

    def __init__(self, dataset: BaseDataset, positions: Tensor):
        super().__init__(dataset, positions.tolist())

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the data set."""
        return self.dataset.metainfo

    def get_data_info(self, index: int) -> dict:
        """Annotation of sample ``index``."""
        return self.dataset.get_data_info(self.indices[index])
