"""A sampler that can start in the middle of an epoch."""

from collections.abc import Iterator
from itertools import islice

from mmengine.dataset import DefaultSampler
from mmpretrain.registry import DATA_SAMPLERS

from npid_mm.utils.checks import check_whole


@DATA_SAMPLERS.register_module()
class ResumableSampler(DefaultSampler):
    """DefaultSampler whose next pass can leave out what an interrupted run has had.

    Takes the arguments of ``DefaultSampler``, and gives the same order. The length stays that of
    a whole epoch, which schedules and logs count by.
    """

    _skipped = 0

    def skip(self, num_samples: int) -> None:
        """Leave out the first ``num_samples`` indexes of this rank, in the next pass only."""
        check_whole('num_samples', num_samples, least=0)
        self._skipped = num_samples

    def __iter__(self) -> Iterator[int]:
        """Indexes of this rank."""
        skipped, self._skipped = self._skipped, 0
        return islice(super().__iter__(), skipped, None)
