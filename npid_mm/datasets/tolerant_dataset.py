"""Base of data sets that tolerate unreadable images."""

from abc import abstractmethod
from collections.abc import Mapping

import torch
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from npid_mm.images import plain_reason
from npid_mm.utils.checks import check_number

SHOWN = 20  # images in a message


class TooManyUnreadableError(ValueError):
    """More images are unreadable than allowed; the message lists them.

    A data loader raises its worker's error again with the traceback as the message. Only this
    error's own part of it is kept.
    """

    def __init__(self, message: str):
        super().__init__(message.rpartition(f'{type(self).__name__}: ')[2].strip())


class TolerantDataset(Dataset):
    """Base of data sets that tolerate a share of unreadable images.

    Args:
        dataset (dict | BaseDataset): The data set. Its pipeline ends in ``PackInputs``.
        max_unreadable (float): Share of the data set, in [0, 1), that may be unreadable. Above 0,
            one image always may.
        fraction (float): Share of the data set to keep, in (0, 1], evenly spaced.

    Raises:
        ValueError: If ``max_unreadable`` is outside [0, 1), ``fraction`` outside (0, 1], or the
            data set is empty.
    """

    def __init__(self, dataset: dict | BaseDataset, max_unreadable: float, fraction: float = 1.0):
        check_number('max_unreadable', max_unreadable, '[0, 1)')
        check_number('fraction', fraction, '(0, 1]')
        self.dataset: BaseDataset = (
            DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        )
        if len(self.dataset) == 0:
            raise ValueError('the data set has no sample: check its data_root and ann_file')
        self.max_unreadable = max_unreadable
        self._length = max(1, round(fraction * len(self.dataset)))
        # in shared memory, so that workers count together
        self._unreadable = torch.zeros(self._length, dtype=torch.bool).share_memory_()
        self._reasons: dict[int, str] = {}  # of the images that this process has tried

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the data set."""
        return self.dataset.metainfo

    @property
    def unreadable(self) -> torch.Tensor:
        """Tensor: (N,) bool, the images found unreadable so far."""
        return self._unreadable

    def full_init(self) -> None:
        """Load the annotations of a lazy data set."""
        self.dataset.full_init()

    def get_data_info(self, index: int) -> dict:
        """Annotation of sample ``index``."""
        return {**self.dataset.get_data_info(self._position(index)), 'sample_idx': index}

    def note_unreadable(self, reasons: Mapping[int, str]) -> None:
        """Count images as unreadable.

        Args:
            reasons (Mapping[int, str]): Index of each image and the reason.

        Raises:
            TooManyUnreadableError: If there are now more than ``max_unreadable`` allows.
        """
        self._reasons.update(reasons)
        self._unreadable[list(reasons)] = True
        found = self._unreadable.nonzero().flatten().tolist()
        allowed = int(self.max_unreadable * len(self))
        if self.max_unreadable:
            allowed = max(allowed, 1)
        if len(found) == len(self):
            raise TooManyUnreadableError(
                f'no image of {len(self)} can be read:\n' + self._listed(found)
            )
        if len(found) > allowed:
            raise TooManyUnreadableError(
                f'cannot read {len(found)} of {len(self)} images, and max_unreadable='
                f'{self.max_unreadable} allows {allowed}; remove or replace them:\n'
                + self._listed(found)
            )

    def _listed(self, found: list[int]) -> str:
        """List the first images, one line each, with path and reason."""
        lines = []
        for index in found[:SHOWN]:
            if index not in self._reasons:  # another worker found it
                self._try(index)
            lines.append(f'  {self._path(index)}: {self._reasons.get(index, "damaged")}')
        if len(found) > SHOWN:
            lines.append(f'  and {len(found) - SHOWN} more')
        return '\n'.join(lines)

    def _try(self, index: int) -> dict | None:
        """Return sample ``index``, or None and put the reason into ``self._reasons``."""
        position = self._position(index)
        expected = self.dataset.get_data_info(position)['sample_idx']
        try:
            sample = self.dataset[position]
        except Exception as error:  # a decoder may raise anything
            self._reasons[index] = plain_reason(error)
            return None
        # a data set that replaces an image by itself returns another index
        if sample['data_samples'].get('sample_idx', expected) != expected:
            self._reasons[index] = 'the data set gave another sample'
            return None
        sample['data_samples'].set_metainfo({'sample_idx': index})
        return sample

    def __len__(self) -> int:
        return self._length

    @abstractmethod
    def __getitem__(self, index: int) -> dict:
        """Sample ``index``, or its replacement."""

    def _position(self, index: int) -> int:
        """Position of sample ``index`` in the wrapped data set."""
        return index * len(self.dataset) // self._length

    def _path(self, index: int) -> str:
        """Name of sample ``index`` in a message."""
        return self.get_data_info(index).get('img_path', f'sample {index}')
