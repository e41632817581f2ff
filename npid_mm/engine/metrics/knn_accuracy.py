"""Accuracy of the kNN loops, for every K of one pass."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS
from torch import Tensor


@METRICS.register_module()
class KNNAccuracy(BaseMetric):
    """Top-k accuracy in percent from the ``knn_scores`` that :class:`KNNLoop` attaches.

    A class that none of the neighbours has gets no vote and never counts as found; of equal
    scores the lower class comes first. Keys look like ``knn/top1_k200``.

    Args:
        topk (int | Sequence[int]): Ranks that count as right.
        collect_device (str): Where the ranks' results meet, 'cpu' or 'gpu'.
        prefix (str, optional): Replaces 'knn' in the keys.
    """

    default_prefix = 'knn'

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

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Store the rank of the true class of each sample for every K."""
        for sample in data_samples:
            label = int(sample['gt_label'])
            self.results.append(
                {k: self.rank(scores, label) for k, scores in sample['knn_scores'].items()}
            )

    def compute_metrics(self, results: list[dict[int, float]]) -> dict[str, float]:
        """Share of ranks within each of ``topk``, in percent."""
        return {
            f'top{top}_k{k}': 100 * sum(ranks[k] <= top for ranks in results) / len(results)
            for k in results[0]
            for top in self.topk
        }

    @staticmethod
    def rank(scores: Tensor, label: int) -> float:
        """Place of class ``label`` by ``scores`` (C,), from 1; infinite without a vote for it."""
        if label >= len(scores) or scores[label] <= 0:
            return float('inf')
        before = (scores > scores[label]).sum() + (scores[:label] == scores[label]).sum()
        return 1 + int(before)
