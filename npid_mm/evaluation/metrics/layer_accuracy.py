"""Accuracy of the classifier of each layer, and of the best layer."""

from collections.abc import Sequence

import torch
from mmengine.logging import print_log
from mmpretrain.registry import METRICS

from .rank_metric import RankMetric


@METRICS.register_module()
class LayerAccuracy(RankMetric):
    """Top-k accuracy in percent from the ``layer_scores`` that :class:`LayerLinearHead` attaches.

    Keys look like ``feature1/top1``. ``best/top1`` and so on are those of the layer whose accuracy
    at the first of ``topk`` is highest; the log names it. The true class comes last of equal scores
    and of NaN scores. Arguments are those of :class:`RankMetric`.
    """

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Store the rank of the true class of each sample, for every layer."""
        names = list(data_samples[0]['layer_scores'])
        # (layers, B, C)
        scores = torch.stack(
            [torch.stack([each['layer_scores'][name] for each in data_samples]) for name in names]
        )
        labels = torch.cat([each['gt_label'] for each in data_samples]).to(scores.device)
        true = scores.gather(2, labels.expand(len(names), -1).unsqueeze(2))
        ranks = (~(scores < true)).sum(2)  # from 1, as the true class itself counts
        self.results.extend(dict(zip(names, column, strict=True)) for column in ranks.T.tolist())

    def compute_metrics(self, results: list[dict[str, int]]) -> dict[str, float]:
        """Percentage of ranks within each of ``topk``, by layer and for the best one."""
        metrics = {
            f'{name}/top{top}': share
            for name in results[0]
            for top, share in self.shares([ranks[name] for ranks in results]).items()
        }
        best = max(results[0], key=lambda name: metrics[f'{name}/top{self.topk[0]}'])
        figures = {f'top{top}': metrics[f'{best}/top{top}'] for top in self.topk}
        text = ', '.join(f'{name} {value:.2f}' for name, value in figures.items())
        print_log(f'best layer: {best} ({text})', logger='current')
        return metrics | {f'best/{name}': value for name, value in figures.items()}
