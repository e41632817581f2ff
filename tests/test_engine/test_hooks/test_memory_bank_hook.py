"""Memory banks of trainings: length, initialization, logs and refusals."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from npid_mm.engine import MemoryBankHook
from npid_mm.engine.bank import fill_from_features
from npid_mm.engine.features import batch_features
from tests.toy import digits_config


class StopBeforeTheFirstStep(Hook):
    def before_train(self, runner):
        runner.train_loop.stop_training = True


def scalars(runner):
    path = Path(runner.log_dir) / 'vis_data' / 'scalars.json'
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_run_sizes_the_bank_and_logs_drift_and_knn(digits, tmp_path):
    cfg = digits_config(digits, tmp_path, images=50, epochs=2)
    cfg.default_hooks.memory_bank.update(knn_interval=2, knn_k=5)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.model.memory_bank.length == 50
    lines = scalars(runner)
    drifts = [line['bank_drift'] for line in lines if 'bank_drift' in line]
    assert len(drifts) == 2 and all(0 < drift < 1 for drift in drifts)
    # all 50 are zeros, the first class folder: every neighbor is correct
    assert [line['bank_knn'] for line in lines if 'bank_knn' in line] == [100]


@pytest.mark.slow
def test_bank_of_another_length_is_refused_before_the_first_step(digits, tmp_path):
    cfg = digits_config(digits, tmp_path, images=50)
    cfg.model.memory_bank.length = 64
    with pytest.raises(ValueError, match='length is 64, but the data has 50 instances'):
        Runner.from_cfg(cfg).train()


@pytest.mark.slow
def test_sync_buffers_hook_is_refused(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.custom_hooks = [dict(type='SyncBuffersHook')]
    with pytest.raises(ValueError, match='SyncBuffersHook averages every buffer .* remove it'):
        Runner.from_cfg(cfg).train()


@pytest.mark.slow
def test_model_without_a_bank_is_refused(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.model = dict(
        type='ImageClassifier',
        backbone=cfg.model.backbone,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=10, in_channels=64),
        data_preprocessor=dict(type='ClsDataPreprocessor'),
    )
    with pytest.raises(TypeError, match='needs a model with a memory_bank.*ImageClassifier'):
        Runner.from_cfg(cfg).train()


@pytest.mark.slow
def test_bank_starts_from_features_of_the_fresh_network(digits, tmp_path):
    """Row i is the embedding of image i, with batch statistics that leave no trace."""
    cfg = digits_config(digits, tmp_path, images=32)
    cfg.model.backbone.norm_cfg = dict(type='BN')
    cfg.model.memory_bank.init = 'features'
    # one batch, and no augmentation: the same batch statistics in any order
    cfg.train_dataloader.batch_size = 32
    cfg.train_dataloader.dataset.dataset.pipeline = cfg.val_dataloader.dataset.pipeline
    runner = Runner.from_cfg(cfg)
    runner.register_hook(StopBeforeTheFirstStep(), 'LOWEST')
    runner.train()
    fresh = runner.model
    started = fresh.memory_bank.feature_bank.clone()
    assert torch.equal(fresh.backbone.bn1.running_mean, torch.zeros(8))
    assert int(fresh.backbone.bn1.num_batches_tracked) == 0

    fresh.train()
    dataset = runner.train_dataloader.dataset
    batch = runner.train_dataloader.collate_fn([dataset[i] for i in range(32)])
    embedding, _ = batch_features(fresh, batch, 'embedding')
    torch.testing.assert_close(started, embedding, rtol=1e-4, atol=1e-5)
    assert fresh.memory_bank.initialized_from == 'features'


@pytest.mark.slow
def test_features_start_skips_a_single_last_image(digits, tmp_path):
    """Guards against batch norm failing on a last batch of one."""
    cfg = digits_config(digits, tmp_path, images=17)
    cfg.model.backbone.norm_cfg = dict(type='BN')
    runner = Runner.from_cfg(cfg)
    bank = runner.model.memory_bank
    bank.set_length(17)
    before = bank.feature_bank.clone()
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    fill_from_features(runner.model, bank, runner.train_dataloader)
    assert (bank.feature_bank == before).all(1).sum() == 1


@pytest.mark.slow
def test_a_loaded_bank_is_not_initialized_again(digits, tmp_path):
    cfg = digits_config(digits, tmp_path, images=32)
    Runner.from_cfg(cfg).train()
    saved = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)['state_dict']

    cfg = digits_config(digits, tmp_path / 'second', images=32)
    cfg.model.memory_bank.init = 'features'
    cfg.load_from = str(tmp_path / 'epoch_1.pth')
    runner = Runner.from_cfg(cfg)
    runner.register_hook(StopBeforeTheFirstStep(), 'LOWEST')
    runner.train()
    assert torch.equal(runner.model.memory_bank.feature_bank, saved['memory_bank.feature_bank'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(knn_interval=-1), 'knn_interval must be at least 0, got -1'),
        (dict(knn_k=0), 'knn_k must be at least 1, got 0'),
        (dict(knn_queries=0), 'knn_queries must be at least 1, got 0'),
        (dict(knn_temperature=0), 'knn_temperature must be > 0, got 0'),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        MemoryBankHook(**arguments)
