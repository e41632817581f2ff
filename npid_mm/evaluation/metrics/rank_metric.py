"""Base class of metrics on the rank of the true class."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import print_log
from mmpretrain.evaluation import Accuracy

from npid_mm.utils.checks import check_whole


class RankMetric(BaseMetric):
    """Base of metrics that count how often the true class is among the first k.

    Args:
        topk (int | Sequence[int]): Values of k.
        collect_device (str): Device to gather the results of all processes on, 'cpu' or 'gpu'.
        prefix (str, optional): Prefix of the keys, in place of ``default_prefix``.

    Raises:
        ValueError: If ``topk`` is empty or has a number below 1.
    """

    def __init__(
        self,
        topk: int | Sequence[int] = (1, 5),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = tuple(topk) if isinstance(topk, (list, tuple)) else (topk,)
        if not self.topk:
            raise ValueError(f'topk must name at least 1 number, got {topk}')
        for each in self.topk:
            check_whole('topk', each)

    def shares(self, ranks: Sequence[float]) -> dict[int, float]:
        """Percentage of ranks within each of ``topk``, by k."""
        return {top: 100 * sum(rank <= top for rank in ranks) / len(ranks) for top in self.topk}


def fit_topk(evaluator: Evaluator, num_classes: int, setting: str) -> None:
    """Remove every k above the number of classes from the top-k metrics of an evaluator.

    Args:
        evaluator (Evaluator): The evaluator, whose metrics are changed.
        num_classes (int): C.
        setting (str): Source of the number, for messages, e.g. 'model.head.num_classes'.

    Raises:
        ValueError: If a metric has no k of at most C.
    """
    for metric in evaluator.metrics:
        if not isinstance(metric, (Accuracy, RankMetric)) or max(metric.topk) <= num_classes:
            continue
        kept = tuple(k for k in metric.topk if k <= num_classes)
        name = type(metric).__name__
        if not kept:
            raise ValueError(
                f'topk of {name} must have a number in 1..{num_classes}, the number of classes '
                f'({setting}), got {metric.topk}'
            )
        left_out = ', '.join(f'top-{k}' for k in metric.topk if k > num_classes)
        print_log(
            f'{name} leaves out {left_out}: there are {num_classes} classes ({setting})', 'current'
        )
        metric.topk = kept
