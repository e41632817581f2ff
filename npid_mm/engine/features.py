"""Compute unit features of a batch, or of a whole data set, with a trained network."""

from typing import Any

import torch
from mmengine.dist import get_dist_info
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from mmpretrain.utils import get_ori_model
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from npid_mm.datasets.evaluation_dataset import SHARE

LEVELS = ('embedding', 'backbone')
POSITIONS = {3: (1,), 4: (2, 3)}  # dimensions of tokens and of maps -> axes of their positions
BROKEN_WEIGHTS = 'the weights of the checkpoint are broken, or too large for test_cfg.fp16=True'


def check_level(level: str) -> str:
    """Return ``level``, or raise a ValueError if it is not one of :data:`LEVELS`."""
    if level not in LEVELS:
        raise ValueError(f'feature must be one of {LEVELS}, got {level!r}')
    return level


def check_in_order(dataloader: DataLoader) -> None:
    """Raise a ValueError if a data loader shuffles."""
    if getattr(dataloader.sampler, 'shuffle', False):
        raise ValueError('features are read in order: give the sampler shuffle=False')


def check_complete(done: int, count: int) -> None:
    """Raise a ValueError if a data loader gave fewer than ``count`` samples."""
    if done != count:
        raise ValueError(
            f'the data loader gave {done} of {count} samples: it must not drop its last batch'
        )


@torch.no_grad()
def batch_features(
    model: BaseModel, data_batch: dict, level: str
) -> tuple[Tensor, list[DataSample]]:
    """Compute unit features of a batch.

    Args:
        model (BaseModel): NPID, or for level 'backbone' any model with a backbone; wrapped or not.
        data_batch (dict): Output of the data loader's collate function.
        level (str): 'embedding' is the network's output (B, D); 'backbone' is the last output of
            the backbone, averaged over the positions of a feature map or over the tokens.

    Returns:
        tuple[Tensor, list[DataSample]]: (B, D) rows of unit length, and the data samples.
    """
    network = get_ori_model(model)
    # in training mode, as when a bank is initialized, images may be augmented on the device
    data = network.data_preprocessor(data_batch, network.training)
    return unit_features(network, data['inputs'], level), data['data_samples']


def unit_features(network: BaseModel, inputs: Tensor, level: str) -> Tensor:
    """Compute unit rows (B, D) of preprocessed images (B, 3, H, W); see :func:`batch_features`."""
    if level == 'embedding':
        return network.embed(inputs)
    feature = network.backbone(inputs)
    feature = feature[-1] if isinstance(feature, (tuple, list)) else feature
    if feature.dim() in POSITIONS:
        feature = feature.mean(POSITIONS[feature.dim()])
    return F.normalize(feature.float())


def readable_features(
    model: BaseModel, dataloader: DataLoader, level: str
) -> tuple[Tensor, Tensor]:
    """Compute this rank's unit features of all readable images of a data set.

    Unreadable samples are those that :class:`~npid_mm.datasets.EvaluationDataset` marks. Samples
    with which the sampler pads the last ranks are left out.

    Args:
        model (BaseModel): See :func:`batch_features`.
        dataloader (DataLoader): In order over the ranks (``DefaultSampler(shuffle=False)``).
        level (str): See :func:`batch_features`.

    Returns:
        tuple[Tensor, Tensor]: (n, D) rows, and their positions (n,) in the data set, on the CPU;
        the positions are the readable ones of rank, rank + W, ...

    Raises:
        ValueError: If the sampler shuffles, the loader drops its last batch, or too many images
            are unreadable.
    """
    check_in_order(dataloader)
    positions = _local_positions(dataloader)
    count = len(positions)
    rows, done, readable = torch.empty(0), 0, []
    for data_batch in dataloader:
        feature, data_samples = batch_features(model, data_batch, level)
        if not done:
            # allocate once: concatenating batches would take twice the memory
            rows = feature.new_empty(count, feature.size(1))
        keep = min(len(feature), count - done)
        rows[done : done + keep] = feature[:keep]
        readable += [is_readable(sample) for sample in data_samples[:keep]]
        done += keep
    check_complete(done, count)
    if all(readable):
        return rows, positions
    kept = torch.tensor(readable)
    return rows[kept.to(rows.device)], positions[kept]


def dataset_features(model: BaseModel, dataloader: DataLoader, level: str) -> Tensor:
    """Compute the rows (n, D) of :func:`readable_features` for a data set without broken images.

    Raises:
        ValueError: If an image is unreadable, or see :func:`readable_features`.
    """
    rows, positions = readable_features(model, dataloader, level)
    count = len(_local_positions(dataloader))
    if len(positions) < count:
        raise ValueError(
            f'all images must be readable, got {count - len(positions)} of {count} that are not'
        )
    return rows


def _local_positions(dataloader: DataLoader) -> Tensor:
    """Return the positions in the data set of this rank's samples, without padding."""
    rank, world_size = get_dist_info()
    dataset: Any = dataloader.dataset  # torch does not declare its length
    return torch.arange(rank, len(dataset), world_size)


def is_readable(sample: DataSample) -> bool:
    """Return whether the image of a sample was read; a placeholder replaces it otherwise."""
    return not sample.get('unreadable', False)


def tolerate_unreadable(loader: dict, max_unreadable: float = SHARE) -> dict:
    """Return a data loader's config in which unreadable images are marked and not an error.

    Args:
        loader (dict): The config.
        max_unreadable (float): See :class:`~npid_mm.datasets.EvaluationDataset`.
    """
    dataset = dict(
        type='EvaluationDataset', dataset=loader['dataset'], max_unreadable=max_unreadable
    )
    return {**loader, 'dataset': dataset}
