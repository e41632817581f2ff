"""Check that the rows of a bank are in the order of a data set's images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, default_collate
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from npid_mm.checkpoints import fit_report
from npid_mm.checkpoints.convert.npid_state import BANK
from npid_mm.checkpoints.network import load_npid_checkpoint
from npid_mm.config.training_images import training_images
from npid_mm.engine.features import dataset_features

REACH = 5  # an image is compared with so many rows before and after its own
PARTS = 5  # parts of the data set that are judged separately
MIN_ERRORS = 3.0  # standard errors by which the own row must be ahead
BATCH_SIZE = 64


@dataclass(frozen=True)
class PartOrder:
    """Order of the bank in one part of a data set.

    Attributes:
        first (int): First image of the part.
        last (int): Last image of the part.
        own (float): Mean cosine between an image and its own row.
        other (float): Mean cosine with the row ``place`` positions after the own row.
        place (int): Offset of the nearby row with the largest mean cosine.
        errors (float): Lead of the own row over every nearby row, in standard errors.
    """

    first: int
    last: int
    own: float
    other: float
    place: int
    errors: float

    @property
    def right(self) -> bool:
        """bool: True if the own row is significantly more similar than nearby rows."""
        return self.errors >= MIN_ERRORS

    def __str__(self) -> str:
        return (
            f'images {self.first:,} to {self.last:,}: cosine {self.own:.3f} with the own row, '
            f'{self.other:.3f} with the row {self.place:+d}, {self.errors:+.1f} standard errors'
        )


def check_bank_order(
    model: nn.Module, dataset: BaseDataset, images: int = 2000, **loader: Any
) -> list[PartOrder]:
    """Compare images with their own rows of the bank and with nearby rows.

    A missing or additional image in a list shifts all later rows by one. Nearby rows are also the
    hardest to tell apart: in a list sorted by class they are of the same class. The images are
    evenly spaced in the data set.

    Args:
        model (NPID): The network with its bank. It is set to evaluation mode.
        dataset (BaseDataset): The N images with the pipeline of a test.
        images (int): Number of images to embed, at most N.
        **loader: Arguments of the DataLoader.

    Returns:
        list[PartOrder]: Parts of the data set, in order.

    Raises:
        ValueError: If the bank has another length than the data set, or there are too few images.
    """
    bank = model.get_buffer(BANK)
    if len(bank) != len(dataset):
        raise ValueError(
            f'the bank has {len(bank):,} rows, but the data set has {len(dataset):,} images: they '
            'do not belong together'
        )
    images = min(images, len(dataset))
    least = PARTS * 2 * REACH
    if images < least:
        raise ValueError(
            f'images must be at least {least}, got {images} of the {len(dataset)} in the data set'
        )
    index = torch.arange(images) * len(dataset) // images
    feature = dataset_features(
        model.eval(), DataLoader(Subset(dataset, index.tolist()), **loader), 'embedding'
    )
    places = [place for place in range(-REACH, REACH + 1) if place]
    cosine = torch.stack(
        [_cosine(feature, bank, (index + place) % len(bank)) for place in [0, *places]], dim=1
    )
    return [
        _judge(part, rows, places)
        for part, rows in zip(index.chunk(PARTS), cosine.chunk(PARTS), strict=True)
    ]


def bank_order_of_config(cfg: Config, checkpoint: str | Path, images: int) -> list[PartOrder]:
    """Run :func:`check_bank_order` on the training images of a config, as its kNN test reads them.

    Args:
        cfg (Config): A pretraining config with the defaults of its loaders.
        checkpoint (str | Path): A checkpoint of this package, or one converted to it.
        images (int): Number of images to embed, at most N.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If the config has no training images, the checkpoint does not fit its model, or
            :func:`check_bank_order` refuses them.
    """
    reference = training_images(cfg)
    _, state = load_npid_checkpoint(checkpoint)
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    model = revert_sync_batchnorm(
        MODELS.build({'data_preprocessor': cfg.get('data_preprocessor'), **cfg.model})
    )
    misfit = fit_report(_without_bank(model.state_dict()), _without_bank(state))
    if misfit or BANK not in state:
        raise ValueError(
            f'{checkpoint} does not fit the model of the config: '
            f'{misfit or f"1 missing: {BANK}"}: '
            'give its own config and all of NPID, converted with --to npid_mm if need be'
        )
    model.load_state_dict(state)
    dataset = DATASETS.build(reference['dataset'])
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    return check_bank_order(
        model.to(device),
        dataset,
        images,
        batch_size=BATCH_SIZE,
        num_workers=reference.get('num_workers', 0),
        collate_fn=default_collate,
    )


def _without_bank(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict without the rows: the model takes their number from the state."""
    return {name: value for name, value in state.items() if name != BANK}


def _cosine(feature: Tensor, bank: Tensor, row: Tensor) -> Tensor:
    """Cosines (n,) of features (n, D) and rows (n,) of the bank."""
    return (feature * bank[row.to(bank.device)].to(feature)).sum(1)


def _judge(index: Tensor, cosine: Tensor, places: list[int]) -> PartOrder:
    """Judge images (n,) by their cosines (n, 1 + places), the own row first."""
    ahead = cosine[:, :1] - cosine[:, 1:]
    errors = ahead.mean(0) / (ahead.std(0) / len(ahead) ** 0.5)
    means = cosine.mean(0)
    best = int(means[1:].argmax())
    return PartOrder(
        first=int(index[0]),
        last=int(index[-1]),
        own=float(means[0]),
        other=float(means[1 + best]),
        place=places[best],
        errors=float(errors.min()),
    )
