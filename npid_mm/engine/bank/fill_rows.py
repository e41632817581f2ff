"""Start the rows of a memory bank from features."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from npid_mm.engine.features import batch_features
from npid_mm.models import MemoryBank


def fill_from_features(
    model: nn.Module, bank: MemoryBank, dataloader: DataLoader, only: Tensor | None = None
) -> None:
    """Set each row of a bank to the embedding of its image, in one pass over the training set.

    Batch norms use the statistics of the batch, because an untrained network has none of its own,
    and do not store them. Batches are shuffled: the statistics of images of one class would remove
    what they have in common. A trained network has statistics, which the rows ``only`` get.

    Args:
        model (nn.Module): NPID.
        bank (MemoryBank): Its bank.
        dataloader (DataLoader): The training set.
        only (Tensor, optional): Positions of the images whose rows to set, with a trained network;
            all by default.
    """
    dataset = dataloader.dataset if only is None else Subset(dataloader.dataset, only.tolist())
    shuffled = DataLoader(
        dataset,
        batch_size=dataloader.batch_size,
        sampler=DefaultSampler(dataset, shuffle=True, seed=0),
        num_workers=dataloader.num_workers,
        collate_fn=dataloader.collate_fn,
        worker_init_fn=dataloader.worker_init_fn,
    )
    with _statistics(model, of_batch=only is None):
        for data_batch in shuffled:
            if only is None and len(data_batch['data_samples']) == 1:
                continue  # no batch statistics: the row stays random
            feature, data_samples = batch_features(model, data_batch, 'embedding')
            index = torch.tensor([int(sample.sample_idx) for sample in data_samples])
            if only is not None:  # zeros move no row: another image replaces an unreadable one
                feature = feature * torch.isin(index, only).to(feature).unsqueeze(1)
            bank.update(feature, index.to(feature.device), momentum=1.0)
    bank.pop_drift()
    if only is None:
        bank.initialized_from = 'features'


@contextmanager
def _statistics(model: nn.Module, of_batch: bool) -> Iterator[None]:
    """Let norms use the statistics of the batch, or their own, and update none inside the block."""
    training = model.training
    norms: list[Any] = [
        module for module in model.modules() if getattr(module, 'track_running_stats', False)
    ]
    if not of_batch:
        norms = []
    model.train(of_batch)
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        model.train(training)
