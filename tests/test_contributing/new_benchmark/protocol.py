"""The protocol of resnet18_linear-1xb32-steplr-1e_toy, and the check of its data set."""

from mmengine.config import Config

from npid_mm.datasets.layout_checks import LAYOUT_CHECKS
from tests.toy import ROOT

CONFIG = 'configs/benchmarks/classification/toy/resnet18_linear-1xb32-steplr-1e_toy.py'


def test_protocol():
    cfg = Config.fromfile(ROOT / CONFIG)
    assert cfg.optim_wrapper.optimizer.lr == 30.0 and cfg.train_cfg.max_epochs == 1
    assert cfg.train_dataloader.dataset.dataset.data_prefix == 'train'


def test_layout(digits, tmp_path):
    report = LAYOUT_CHECKS['toy']()(digits)
    assert (report.problems, report.notices) == ([], [])
    assert len(LAYOUT_CHECKS['toy']()(tmp_path).problems) == 2
