"""The training loop of the authors' code for CIFAR-10 (lemniscate, cifar.py), for today's torch.

Written from its behavior, not copied. In its order: augmentation per image by torchvision in the
loader's workers, scores against the whole bank or against sampled rows, loss, backward, an update
of the bank by ``momentum old + (1 - momentum) new``, and a step of SGD.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from npid_mm.models import NPID

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
EPS = 1e-7


class Instances(Dataset):
    """Augmented images with their positions.

    Args:
        images (np.ndarray): RGB images (N, 32, 32, 3) in uint8.
    """

    def __init__(self, images: np.ndarray):
        self.images = images
        self.augment = transforms.Compose(
            [
                transforms.RandomResizedCrop(images.shape[1], scale=(0.2, 1.0)),
                transforms.ColorJitter(0.4, 0.4, 0.4, 0.4),
                transforms.RandomGrayscale(0.2),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.augment(Image.fromarray(self.images[index])), index


class Bank:
    """The bank with its loss: softmax over all rows, or NCE if ``negatives`` is not 0.

    Args:
        length (int): N, rows.
        dim (int): D, dimension of a row.
        temperature (float): tau.
        momentum (float): Weight of the old row.
        negatives (int): M, sampled rows per image; they may include the image's own row.
    """

    def __init__(
        self, length: int, dim: int, temperature: float, momentum: float, negatives: int = 0
    ):
        bound = 1 / math.sqrt(dim / 3)
        self.rows = torch.empty(length, dim).uniform_(-bound, bound)
        self.temperature, self.momentum, self.negatives = temperature, momentum, negatives
        self.z: float | None = None  # set by the first batch

    def loss(self, feature: Tensor, index: Tensor) -> Tensor:
        """Mean loss of unit features (B, D)."""
        if not self.negatives:
            return F.cross_entropy(feature @ self.rows.t() / self.temperature, index)
        drawn = torch.randint(len(self.rows), (len(index), self.negatives))
        rows = self.rows[torch.cat([index[:, None], drawn], 1)]
        scores = torch.exp(torch.bmm(rows, feature[:, :, None]).squeeze(2) / self.temperature)
        if self.z is None:
            self.z = scores.mean().item() * len(self.rows)
        positive, noise = (scores / self.z).split([1, self.negatives], 1)
        expected = self.negatives / len(self.rows)  # M times the noise density
        data_terms = torch.log(positive / (positive + expected + EPS))
        noise_terms = torch.log(expected / (noise + expected + EPS))
        return -(data_terms.sum() + noise_terms.sum()) / len(index)

    def update(self, feature: Tensor, index: Tensor) -> None:
        """Move the rows of a batch; of a repeated index the last one counts."""
        mixed = self.momentum * self.rows[index] + (1 - self.momentum) * feature
        self.rows[index] = F.normalize(mixed)


def train(
    network: NPID,
    bank: Bank,
    images: np.ndarray,
    *,
    epochs: int,
    milestones: list[int],
    batch_size: int,
    lr: float,
    weight_decay: float,
    workers: int,
) -> Iterator[float]:
    """Train a network; yield the mean loss of each epoch.

    Args:
        network (NPID): The network; its own head and bank are not used.
        bank (Bank): The bank; the order of its rows is that of the images.
        images (np.ndarray): RGB images (N, H, W, 3) in uint8.
        epochs (int): Number of epochs.
        milestones (list[int]): Epochs after which the learning rate is divided by 10.
        batch_size (int): Images per step; the last batch of an epoch may be smaller.
        lr (float): Learning rate of SGD with momentum 0.9.
        weight_decay (float): Weight decay.
        workers (int): Processes that load and augment.
    """
    loader = DataLoader(
        Instances(images),
        batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    optimizer = torch.optim.SGD(
        network.parameters(), lr=lr, momentum=0.9, weight_decay=weight_decay
    )
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma=0.1)
    network.train()
    for _ in range(epochs):
        losses = []
        for batch, index in loader:
            feature = network.embed(batch)
            loss = bank.loss(feature, index)
            optimizer.zero_grad()
            loss.backward()
            bank.update(feature.detach(), index)
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        yield sum(losses) / len(losses)
