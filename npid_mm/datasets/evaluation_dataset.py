"""A data set that an evaluation can read to its end, whatever is wrong with some of its images."""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log
from mmpretrain.registry import DATASETS
from torch import Tensor
from torch.utils.data import Dataset

from .unreadable_images import ReadableDataset

SHARE = 0.01  # of an evaluation's images that may be unreadable


@DATASETS.register_module()
class EvaluationDataset(ReadableDataset):
    """Mark samples whose image cannot be read, so that they are left out of what is measured.

    The data sample of such an image says ``unreadable=True`` in its meta information; its inputs
    are those of another image, as a batch needs some. ``sample_idx`` of each sample is its
    position.

    Args:
        dataset (dict | Dataset): The data set. Its pipeline ends in ``PackInputs``.
        max_unreadable (float): Share of the data set, in [0, 1), that may be unreadable. Above 0,
            one image always may.
    """

    def __init__(self, dataset: dict | Dataset, max_unreadable: float = SHARE):
        super().__init__(dataset, max_unreadable)

    def __getitem__(self, index: int) -> dict:
        """Sample ``index``, with the inputs of a later image if its own cannot be read.

        Raises:
            TooManyUnreadableError: More than ``max_unreadable`` of the images cannot be read.
        """
        place = index
        while (sample := self._try(place)) is None:
            self.note_unreadable({place: self._reasons[place]})
            place = (place + 1) % len(self)
        if place != index:
            sample['data_samples'].set_metainfo({'sample_idx': index, 'unreadable': True})
        return sample

    def readable(self, positions: Tensor) -> Dataset:
        """The samples at ``positions``, which are those that can be read; the log names the rest.

        Args:
            positions (Tensor): (n,), in order.
        """
        if len(positions) == len(self):
            return self
        unreadable = sorted(set(range(len(self))) - set(positions.tolist()))
        print_log(f'images: {self.left_out(unreadable)}', 'current', logging.WARNING)
        return Selection(self, positions)

    def left_out(self, positions: Sequence[int]) -> str:
        """One line that says how many images were left out, and which."""
        paths = '; '.join(self._listed(list(positions)).split('\n')).strip()
        return f'{len(positions)} of {len(self)} cannot be read and are left out: {paths}'


class Selection(Dataset):
    """Samples of a data set at some positions.

    Args:
        dataset (Dataset): The data set.
        positions (Tensor): (n,), positions in it.
    """

    def __init__(self, dataset: Dataset, positions: Tensor):
        self.dataset = dataset
        self.positions = positions.tolist()

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the data set."""
        return self.dataset.metainfo

    def get_data_info(self, index: int) -> dict:
        """Annotation of sample ``index``."""
        return self.dataset.get_data_info(self.positions[index])

    def __getitem__(self, index: int) -> dict:
        return self.dataset[self.positions[index]]

    def __len__(self) -> int:
        return len(self.positions)
