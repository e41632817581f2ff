"""Accuracy of the kNN loops, for every K of one pass."""

from collections.abc import Sequence

from mmpretrain.registry import METRICS
from torch import Tensor

from .rank_metric import RankMetric


@METRICS.register_module()
class KNNAccuracy(RankMetric):
    """Top-k accuracy in percent from the ``knn_scores`` that :class:`KNNLoop` attaches.

    A class without a neighbor has no vote and never counts as found; of equal scores the lower
    class comes first. Keys look like ``knn/top1_k200``. Arguments are those of :class:`RankMetric`.
    """

    default_prefix = 'knn'

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Store the rank of the true class of each sample for every K.

        Raises:
            ValueError: If a label is below 0.
        """
        for sample in data_samples:
            label = int(sample['gt_label'])
            if label < 0:
                raise ValueError(f'gt_label must be a class from 0 on, got {label}')
            self.results.append(
                {k: self.rank(scores, label) for k, scores in sample['knn_scores'].items()}
            )

    def compute_metrics(self, results: list[dict[int, float]]) -> dict[str, float]:
        """Percentage of ranks within each of ``topk``."""
        return {
            f'top{top}_k{k}': share
            for k in results[0]
            for top, share in self.shares([ranks[k] for ranks in results]).items()
        }

    @staticmethod
    def rank(scores: Tensor, label: int) -> float:
        """Rank of class ``label`` by ``scores`` (C,), from 1; infinite without a vote for it."""
        if label >= len(scores) or scores[label] <= 0:
            return float('inf')
        before = (scores > scores[label]).sum() + (scores[:label] == scores[label]).sum()
        return 1 + int(before)
