"""Accuracy of each layer's classifier, and of the best layer."""

from collections.abc import Sequence

import torch
from mmengine.logging import print_log
from mmpretrain.registry import METRICS

from .rank_metric import RankMetric


@METRICS.register_module()
class LayerAccuracy(RankMetric):
    """Top-k accuracy in percent from the ``layer_scores`` that :class:`LayerLinearHead` attaches.

    Keys look like ``feature1/top1``. ``best/top1`` and so on are those of the layer whose
    accuracy at the first of ``topk`` is highest, and the log says which layer that is. Of equal
    scores, and of scores that are no numbers, the true class comes last.

    Arguments are those of :class:`RankMetric`.
    """

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Store, for each sample, the place of the true class by each layer's scores."""
        names = list(data_samples[0]['layer_scores'])
        # (layers, B, classes)
        scores = torch.stack(
            [torch.stack([each['layer_scores'][name] for each in data_samples]) for name in names]
        )
        labels = torch.cat([each['gt_label'] for each in data_samples]).to(scores.device)
        own = scores.gather(2, labels.expand(len(names), -1).unsqueeze(2))
        places = (~(scores < own)).sum(2)  # from 1: the true class itself is among them
        self.results.extend(dict(zip(names, column, strict=True)) for column in places.T.tolist())

    def compute_metrics(self, results: list[dict[str, int]]) -> dict[str, float]:
        """Share of samples whose true class is among the first k, in percent."""
        metrics = {
            f'{name}/top{top}': share
            for name in results[0]
            for top, share in self.shares([places[name] for places in results]).items()
        }
        best = max(results[0], key=lambda name: metrics[f'{name}/top{self.topk[0]}'])
        figures = {f'top{top}': metrics[f'{best}/top{top}'] for top in self.topk}
        text = ', '.join(f'{name} {value:.2f}' for name, value in figures.items())
        print_log(f'best layer: {best} ({text})', logger='current')
        return metrics | {f'best/{name}': value for name, value in figures.items()}
