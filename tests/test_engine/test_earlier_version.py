"""A config and a checkpoint from before the packages were renamed."""

import shutil
import uuid

import pytest
from mmengine.config import Config

from npid_mm.engine.launch import build_runner, set_resume
from tests.test_engine.option_runs import scalars
from tests.toy import ROOT

pytestmark = pytest.mark.slow

FIXTURE = ROOT / 'tests/fixtures/before_layout'
# what the earlier version logged: the kNN test of epoch 1, the second epoch and its validation
TESTED = [43.3803, 41.1268, 38.8732, 30.1408]
LOSSES = [4.22652, 3.87790, 4.77379]
VALIDATED = [47.6056, 46.1972, 43.6620, 27.0423]
METRICS = [f'knn/top1_k{k}' for k in (5, 10, 20, 200)]


@pytest.fixture
def cfg(digits, tmp_path):
    """The config, on the digits of the tests."""
    cfg = Config.fromfile(FIXTURE / 'config.py')
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = uuid.uuid4().hex
    for dataset in (
        cfg.train_dataloader.dataset.dataset,
        *(loader.dataset for loader in (cfg.val_dataloader, cfg.test_dataloader)),
        *(loop.reference.dataset for loop in (cfg.val_cfg, cfg.test_cfg)),
    ):
        dataset.data_root = str(digits)
    return cfg


def test_the_checkpoint_is_tested(cfg):
    cfg.load_from = str(FIXTURE / 'epoch_1.pth')
    metrics = build_runner(cfg).test()
    # one of 355 queries is 0.28
    assert [metrics[name] for name in METRICS] == pytest.approx(TESTED, abs=0.6)


def test_the_training_is_resumed(cfg, tmp_path):
    """With the losses of the earlier version, so weights, bank, momentum and seeds are taken over.

    Its work dir is resumed as it is, so the notes about files to remove are read as well.
    """
    shutil.copytree(FIXTURE, tmp_path / 'work')
    set_resume(cfg, 'auto')
    runner = build_runner(cfg)
    runner.train()
    assert runner.message_hub.get_info('run_id') == '93540badd65d6be0'
    assert scalars(runner, 'train/loss') == pytest.approx(LOSSES, rel=1e-4)
    metrics = [scalars(runner, f'val/{name}')[-1] for name in METRICS]
    assert metrics == pytest.approx(VALIDATED, abs=0.6)
    assert (tmp_path / 'work/epoch_2.pth').is_file()
