"""Sampler that can start in the middle of an epoch."""

from collections.abc import Iterator
from itertools import islice

from mmengine.dataset import DefaultSampler
from mmpretrain.registry import DATA_SAMPLERS

from npid_mm.utils.checks import check_whole


@DATA_SAMPLERS.register_module()
class ResumableSampler(DefaultSampler):
    """DefaultSampler that can skip the samples of an interrupted epoch.

    Arguments and order are those of ``DefaultSampler``. The length stays that of a whole epoch,
    which schedules and logs rely on.
    """

    _skipped = 0

    def skip(self, num_samples: int) -> None:
        """Skip the first ``num_samples`` indices of this process, in the next pass only."""
        check_whole('num_samples', num_samples, least=0)
        self._skipped = num_samples

    def __iter__(self) -> Iterator[int]:
        """Indices of this process."""
        skipped, self._skipped = self._skipped, 0
        return islice(super().__iter__(), skipped, None)
