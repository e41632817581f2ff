"""Options of worker processes, removed from loaders without them."""

import pytest
import torch
from mmengine.config import Config
from torch.utils.data import DataLoader, TensorDataset

from npid_mm.config.loaders import drop_worker_options

FOR_WORKERS = dict(
    persistent_workers=True, prefetch_factor=4, timeout=60, multiprocessing_context='spawn'
)


@pytest.fixture
def cfg():
    """Make a config with loaders in all usual places."""
    loader = dict(num_workers=0, batch_size=1, **FOR_WORKERS)
    return Config(
        dict(
            train_dataloader=loader,
            val_dataloader=[loader],
            test_dataloader=dict(loader, num_workers=2),
            test_cfg=dict(reference=loader),
        )
    )


def test_torch_accepts_every_loader_without_workers(cfg):
    dataset = TensorDataset(torch.arange(3))
    loaders = [cfg.train_dataloader, cfg.val_dataloader[0], cfg.test_cfg.reference]
    with pytest.raises(ValueError, match='num_workers'):
        DataLoader(dataset, **loaders[0])
    drop_worker_options(cfg)
    for loader in loaders:
        assert len(list(DataLoader(dataset, **loader))) == 3


def test_loaders_with_workers_are_unchanged(cfg):
    before = dict(cfg.test_dataloader)
    drop_worker_options(cfg)
    assert cfg.test_dataloader == before
