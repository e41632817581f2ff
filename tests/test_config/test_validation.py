"""Trainings without validation."""

import pytest
import torch

from npid_mm.cli.train import main
from npid_mm.config.validation import drop_validation
from tests.toy import digits_config


def test_a_config_without_hooks_passes(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.pop('default_hooks')
    drop_validation(cfg)
    assert cfg.val_dataloader is cfg.val_evaluator is cfg.val_cfg is None


@pytest.mark.slow
def test_unlabeled_images_are_trained_on_without_validation(digits, tmp_path):
    """With a kNN score of the bank and a best checkpoint, which need labels too."""
    names = [line.split()[0] for line in (digits / 'train.txt').read_text().splitlines()[:64]]
    (tmp_path / 'list.txt').write_text('\n'.join(names))
    cfg = digits_config(digits, tmp_path / 'run')
    cfg.train_dataloader.dataset.dataset.ann_file = str(tmp_path / 'list.txt')
    cfg.train_dataloader.dataset.dataset.with_label = False
    cfg.default_hooks.memory_bank.knn_interval = 1
    cfg.default_hooks.checkpoint.update(save_best='knn/top1_k5', rule='greater')
    cfg.dump(tmp_path / 'config.py')
    assert main([str(tmp_path / 'config.py'), '--no-validate']) == 0
    rows = torch.load(tmp_path / 'run/epoch_1.pth', weights_only=True)['state_dict']
    assert len(rows['memory_bank.feature_bank']) == 64


def test_a_choice_by_a_measure_without_labels_is_kept(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.default_hooks.checkpoint.update(save_best=['knn/top1_k5', 'bank_rankme'])
    drop_validation(cfg)
    assert cfg.default_hooks.checkpoint.save_best == ['bank_rankme']
