"""Embed the images of a quickstart before and after training, and measure the kNN accuracy."""

from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from npid_mm.engine.features import readable_features
from npid_mm.evaluation import weighted_knn

K = 10  # neighbors that vote in the closing table, and that the contact sheet shows


class UntrainedFeaturesHook(Hook):
    """Embed the images before the first step.

    Args:
        loaders (list[DataLoader]): Loaders of the images.

    Attributes:
        features (list[Tensor]): Unit features (n, D) of each loader's readable images.
        positions (list[Tensor]): (n,), positions of these images in the loader's data set.
        datasets (list[Dataset]): Data sets of these images.
    """

    def __init__(self, loaders: list[DataLoader]):
        self.loaders = loaders

    def before_train(self, runner: Runner) -> None:
        """Embed the images with the untrained network."""
        model = runner.model.eval()
        found = [readable_features(model, loader, 'embedding') for loader in self.loaders]
        self.features, self.positions = map(list, zip(*found, strict=True))
        datasets: list[Any] = [loader.dataset for loader in self.loaders]
        self.datasets = [
            dataset.readable(positions)
            for dataset, positions in zip(datasets, self.positions, strict=True)
        ]


def embed(model: BaseModel, loaders: list[DataLoader], level: str) -> list[Tensor]:
    """Return unit features (n, D) of each loader's readable images."""
    model.eval()
    return [readable_features(model, loader, level)[0] for loader in loaders]


def pixel_rows(dataset: BaseDataset) -> Tensor:
    """Return unit rows (n, pixels) of the images after the network's test pipeline."""
    rows = [dataset[i]['inputs'].flatten().float() for i in range(len(dataset))]
    return F.normalize(torch.stack(rows))


def knn_accuracy(reference: Tensor, query: Tensor, labels: Tensor, truth: Tensor) -> float:
    """Return the top-1 accuracy of the weighted kNN with K neighbors, from 0 to 1."""
    scores = weighted_knn(query.cpu(), reference.cpu(), labels, K)
    return (scores.argmax(1) == truth).float().mean().item()
