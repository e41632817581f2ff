"""Features of a batch and of a whole data set, for the evaluations and the bank's start."""

import torch
from mmengine.dist import get_dist_info
from mmpretrain.structures import DataSample
from mmpretrain.utils import get_ori_model
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from npid_mm.datasets.evaluation_dataset import SHARE

LEVELS = ('embedding', 'backbone')


def check_level(level: str) -> str:
    """Return ``level``, or raise a ValueError if it is none of :data:`LEVELS`."""
    if level not in LEVELS:
        raise ValueError(f'feature must be one of {LEVELS}, got {level!r}')
    return level


@torch.no_grad()
def batch_features(
    model: nn.Module, data_batch: dict, level: str
) -> tuple[Tensor, list[DataSample]]:
    """Unit features of a batch as the data loader gives it.

    Args:
        model (nn.Module): NPID, or for level 'backbone' any model with a backbone; wrapped or not.
        data_batch (dict): What the data loader's collate function made.
        level (str): 'embedding' is the network's output (B, D), 'backbone' the last output of
            the backbone, averaged over the positions of a map.

    Returns:
        tuple[Tensor, list[DataSample]]: (B, D) rows of unit length, and the data samples.
    """
    model = get_ori_model(model)
    # in training mode, as while a bank starts, images may be augmented on the device
    data = model.data_preprocessor(data_batch, model.training)
    if level == 'embedding':
        feature = model.embed(data['inputs'])
    else:
        feature = model.backbone(data['inputs'])
        feature = feature[-1] if isinstance(feature, (tuple, list)) else feature
        feature = feature.mean((2, 3)) if feature.dim() == 4 else feature.flatten(1)
        feature = F.normalize(feature.float())
    return feature, data['data_samples']


def readable_features(
    model: nn.Module, dataloader: DataLoader, level: str
) -> tuple[Tensor, Tensor]:
    """This rank's share of a data set's unit features, without images that cannot be read.

    The loader's sampler must be in order over the ranks (``DefaultSampler(shuffle=False)``); the
    samples with which it fills up the last ranks are left out. Samples that cannot be read are
    those that :class:`~npid_mm.datasets.EvaluationDataset` marks.

    Args:
        model (nn.Module): See :func:`batch_features`.
        dataloader (DataLoader): The images.
        level (str): See :func:`batch_features`.

    Returns:
        tuple[Tensor, Tensor]: (n, D) rows, and their positions (n,) in the data set, on the CPU:
        those of rank, rank + W, ... that can be read.

    Raises:
        ValueError: The sampler shuffles, the loader drops its last batch, or too many images
            cannot be read.
    """
    if getattr(dataloader.sampler, 'shuffle', False):
        raise ValueError('features are read in order: give the sampler shuffle=False')
    rank, world_size = get_dist_info()
    positions = torch.arange(rank, len(dataloader.dataset), world_size)
    count = len(positions)
    features, done, readable = None, 0, []
    for data_batch in dataloader:
        feature, data_samples = batch_features(model, data_batch, level)
        if features is None:
            features = feature.new_empty(count, feature.size(1))
        keep = min(len(feature), count - done)
        features[done : done + keep] = feature[:keep]
        readable += [is_readable(sample) for sample in data_samples[:keep]]
        done += keep
    if done != count:
        raise ValueError(
            f'the data loader gave {done} of {count} samples: it must not drop its last batch'
        )
    if all(readable):
        return features, positions
    kept = torch.tensor(readable)
    return features[kept.to(features.device)], positions[kept]


def dataset_features(model: nn.Module, dataloader: DataLoader, level: str) -> Tensor:
    """Rows (n, D) of :func:`readable_features`, of a data set that is readable as a whole.

    Raises:
        ValueError: An image cannot be read, or see :func:`readable_features`.
    """
    rows, positions = readable_features(model, dataloader, level)
    rank, world_size = get_dist_info()
    count = len(range(rank, len(dataloader.dataset), world_size))
    if len(positions) < count:
        raise ValueError(
            f'all images must be readable, got {count - len(positions)} of {count} that are not'
        )
    return rows


def is_readable(sample: DataSample) -> bool:
    """Return whether the inputs of a sample are those of its own image."""
    return not sample.get('unreadable', False)


def tolerate_unreadable(loader: dict, max_unreadable: float = SHARE) -> dict:
    """A data loader's config whose data set marks images that cannot be read.

    Args:
        loader (dict): The config.
        max_unreadable (float): See :class:`~npid_mm.datasets.EvaluationDataset`.
    """
    wrapped = dict(
        type='EvaluationDataset', dataset=loader['dataset'], max_unreadable=max_unreadable
    )
    return {**loader, 'dataset': wrapped}
