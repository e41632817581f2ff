"""What metrics share that look at the place of the true class."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric


class PlaceMetric(BaseMetric):
    """Accuracy by the place that the true class takes among all.

    Args:
        topk (int | Sequence[int]): Places that count as right: the first so many.
        collect_device (str): Where the ranks' results meet, 'cpu' or 'gpu'.
        prefix (str, optional): Precedes the keys, or replaces ``default_prefix``.

    Raises:
        ValueError: ``topk`` is empty or has a number below 1.
    """

    def __init__(
        self,
        topk: int | Sequence[int] = (1, 5),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        if not self.topk or min(self.topk) < 1:
            raise ValueError(f'topk must be at least 1, got {topk}')

    def shares(self, places: Sequence[float]) -> dict[int, float]:
        """Percent of samples whose true class is within each of ``topk``, by k."""
        return {top: 100 * sum(place <= top for place in places) / len(places) for top in self.topk}
