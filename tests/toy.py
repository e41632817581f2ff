"""Small data, configs and models for the tests."""

import uuid
from pathlib import Path

import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from npid_mm.config.loaders import set_loader_defaults
from tests.shipped import shipped_config

ROOT = Path(__file__).resolve().parents[1]
DIGITS_CONFIG = ROOT / 'configs/selfsup/npid/npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'
QUICKSTART_CONFIG = DIGITS_CONFIG.with_name(
    'npid-exact_resnet18-w16_1xb32-coslr-120e_scattered-digits.py'
)

# Without statistics over the batch, so that ranks and one process give the same results.
BACKBONE = dict(
    type='ResNet_CIFAR',
    depth=18,
    stem_channels=8,
    base_channels=8,
    out_indices=(3,),
    norm_cfg=dict(type='GN', num_groups=4),
)
NECK = dict(
    type='LinearNeck',
    in_channels=64,
    out_channels=16,
    gap_dim=2,
    norm_cfg=None,
    act_cfg=None,
)


def npid_config(head: dict, **memory_bank) -> dict:
    """Config of a small NPID with 16 dimensions."""
    return dict(
        type='NPID',
        backbone=BACKBONE,
        neck=NECK,
        head=head,
        memory_bank=dict(type='MemoryBank', feat_dim=16) | memory_bank,
    )


def build_npid(head: dict, **memory_bank):
    """Build :func:`npid_config`."""
    return MODELS.build(npid_config(head, **memory_bank))


def samples(index) -> list[DataSample]:
    """Data samples with an index only."""
    return [DataSample(metainfo=dict(sample_idx=i)) for i in index]


def on_small_data(cfg: Config, roots: dict[str, Path], work_dir: Path, images: int = 64) -> Config:
    """Change a config to two steps on ``images`` images, without workers.

    ``roots`` maps the name of a data set's ``data_root``, or its type, to its folder.
    """
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'WARNING'
    # MMEngine shares loggers and visualizers of one name, by default that of the current second
    cfg.experiment_name = uuid.uuid4().hex
    cfg.train_cfg.max_epochs = 1
    cfg.train_dataloader.batch_size = images // 2
    cfg.train_dataloader.dataset.dataset.indices = images
    cfg.test_cfg.reference.dataset.indices = images
    cfg.default_hooks.checkpoint.interval = 1
    for dataset in (
        cfg.train_dataloader.dataset.dataset,
        cfg.test_cfg.reference.dataset,
        cfg.val_dataloader.dataset,
        cfg.test_dataloader.dataset,
    ):
        name = Path(dataset.data_root).name
        dataset.data_root = str(roots[name if name in roots else dataset.type])
    for loader in (
        cfg.train_dataloader,
        cfg.val_dataloader,
        cfg.test_dataloader,
        cfg.test_cfg.reference,
    ):
        loader.num_workers = 0
        set_loader_defaults(loader)
    return cfg


def digits_config(digits: Path, work_dir: Path, images: int = 64, epochs: int = 1) -> Config:
    """Config of the digits on small data, with the toy network and batches of 16."""
    cfg = on_small_data(shipped_config(DIGITS_CONFIG), {'CustomDataset': digits}, work_dir, images)
    cfg.model = npid_config(dict(type='ExactSoftmaxHead', temperature=0.2), init='random')
    cfg.model.data_preprocessor = dict(type='SelfSupDataPreprocessor', mean=[127.0], std=[64.0])
    cfg.train_cfg.max_epochs = epochs
    cfg.train_dataloader.batch_size = 16
    return cfg


# description of the rows of an index, without their type and number
INDEX_ABOUT = dict(
    network='a1b2',
    feature='embedding',
    preprocessing={},
    size=[16, 16],
    checkpoint='/run/epoch_1.pth',
)


def unit_rows(count: int, dim: int, seed: int = 0, dtype=torch.float32) -> torch.Tensor:
    """Random unit rows (count, dim)."""
    rows = torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return torch.nn.functional.normalize(rows)
