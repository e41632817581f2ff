"""This package's side of the comparison, started by compare.py."""

from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config
from mmpretrain.structures import DataSample
from side import NEGATIVES, VIEW, main
from torch import Tensor, nn

from npid_mm.config.loaders import set_loader_defaults

PACKAGES = ['npid_mm', 'onedl-mmpretrain', 'onedl-mmcv', 'onedl-mmengine', 'torch', 'numpy']
CONFIG = Path(__file__).parent / 'npid_per-image.py'


def collate(views: Tensor, index: Tensor) -> dict:
    """Collate a batch as MMPretrain's loader does."""
    samples = [DataSample(metainfo=dict(sample_idx=int(value))) for value in index]
    return dict(inputs=views, data_samples=samples)


def tap(model: nn.Module, through: Callable[[Tensor], Tensor]) -> None:
    """Pass the negatives that the bank samples through a function."""
    bank = model.memory_bank
    draw = bank.draw_negatives
    bank.draw_negatives = lambda *args: through(draw(*args))


if __name__ == '__main__':
    cfg = Config.fromfile(CONFIG)
    set_loader_defaults(cfg.train_dataloader)
    cfg.model.head.num_negatives = NEGATIVES
    cfg.train_dataloader.dataset.dataset.pipeline[1].scale = VIEW
    main(cfg, collate, tap, PACKAGES)
