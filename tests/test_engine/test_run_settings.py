"""Settings that differ between a checkpoint and the run that resumes from it."""

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from npid_mm.engine.launch import build_runner
from npid_mm.engine.run_settings import SETTINGS, compare_settings, run_settings
from tests.toy import digits_config


def config(digits, work_dir, epochs=1):
    cfg = digits_config(digits, work_dir, images=32, epochs=epochs)
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.1, momentum=0.9)
    cfg.default_hooks.memory_bank.knn_interval = 0
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp('trained')
    build_runner(config(digits, folder)).train()
    return folder / 'epoch_1.pth'


def resume(digits, work_dir, checkpoint, **changes):
    """Train a second epoch; gives the Runner and what it warned of."""
    cfg = config(digits, work_dir, epochs=2)
    cfg.merge_from_dict(changes)
    cfg.update(resume=True, load_from=str(checkpoint))
    runner, said = build_runner(cfg), []
    MMLogger.warning, before = lambda _, text, *__: said.append(text), MMLogger.warning
    try:
        runner.train()
    finally:
        MMLogger.warning = before
    return runner, [text for text in said if str(checkpoint) in text]


@pytest.mark.slow
def test_the_same_settings_and_more_epochs_are_silent(digits, trained, tmp_path):
    assert resume(digits, tmp_path, trained)[1] == []


@pytest.mark.slow
def test_settings_that_differ_are_listed(digits, trained, tmp_path):
    """Those that change from here on, and those that the checkpoint overrides."""
    changes = {
        'model.head.temperature': 0.3,
        'model.memory_bank.momentum': 0.7,
        'model.memory_bank.dtype': 'bfloat16',
        'train_dataloader.batch_size': 8,
        'optim_wrapper.optimizer.lr': 0.5,
        'randomness.seed': 3,
    }
    runner, (changed, restored) = resume(digits, tmp_path, trained, **changes)
    assert changed.splitlines() == [
        f'settings change in the middle of the run of {trained}:',
        '  model.head.temperature: 0.2 -> 0.3',
        '  train_dataloader.batch_size: 16 -> 8',
        '  model.memory_bank.momentum: not set -> 0.7',
        "  model.memory_bank.dtype: not set -> 'bfloat16'",
    ]
    assert restored.splitlines()[1:] == [
        '  optim_wrapper.optimizer.lr: 0.1 -> 0.5',
        '  randomness.seed: 0 -> 3',
    ]
    # what the warning says is so
    assert runner.seed == 0 and runner.optim_wrapper.optimizer.param_groups[0]['initial_lr'] == 0.1
    assert runner.model.head.temperature == 0.3 and runner.model.memory_bank.momentum == 0.7


@pytest.mark.slow
@pytest.mark.parametrize(
    ('key', 'value', 'line'),
    [
        ('optim_wrapper.optimizer', dict(type='AdamW', lr=1e-3, _delete_=True), "'SGD' -> 'AdamW'"),
        ('model.head', dict(type='NCEHead', num_negatives=8), "'ExactSoftmaxHead' -> 'NCEHead'"),
    ],
)
def test_another_optimizer_or_head_is_refused(digits, trained, tmp_path, key, value, line):
    with pytest.raises(ValueError) as caught:
        resume(digits, tmp_path, trained, **{key: value})
    assert f'cannot resume {trained}, whose state does not fit' in str(caught.value)
    assert f'({key}.type: {line}): restore these settings' in str(caught.value)
    assert f'load_from={trained}, without --resume' in str(caught.value)


@pytest.mark.slow
def test_another_optimizer_is_refused_without_a_record_too(digits, trained, tmp_path):
    content = torch.load(trained, weights_only=True)
    del content['meta'][SETTINGS]
    torch.save(content, tmp_path / 'old.pth')
    other = {'optim_wrapper.optimizer': dict(type='AdamW', lr=1e-3, _delete_=True)}
    with pytest.raises(ValueError, match='its state lacks betas and has momentum: give the'):
        resume(digits, tmp_path, tmp_path / 'old.pth', **other)
    assert resume(digits, tmp_path, tmp_path / 'old.pth')[1] == []


def test_settings_are_plain_and_without_paths():
    cfg = Config(
        dict(
            model=dict(type='NPID', sizes=(1, 2), memory_bank=dict(length=7, momentum=0.5)),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            param_scheduler=[dict(type='StepLR', milestones=[1, 2])],
            train_dataloader=dict(
                batch_size=4,
                num_workers=3,
                dataset=dict(data_root='/data', pipeline=[dict(type='Load', scale=(1, 2))]),
            ),
        )
    )
    assert run_settings(cfg) == {
        'model.type': 'NPID',
        'model.sizes': '[1, 2]',
        'model.memory_bank.momentum': 0.5,
        'data_preprocessor': None,
        'optim_wrapper.optimizer.type': 'SGD',
        'optim_wrapper.optimizer.lr': 0.1,
        'param_scheduler.0.type': 'StepLR',
        'param_scheduler.0.milestones': '[1, 2]',
        'train_dataloader.batch_size': 4,
        'train_dataloader.dataset.pipeline.0.type': 'Load',
        'train_dataloader.dataset.pipeline.0.scale': '[1, 2]',
        'randomness.seed': None,
        'ranks': 1,
    }


def test_a_long_list_is_cut_and_odd_values_are_left_out():
    saved = {f'model.a{number}': 1 for number in range(30)} | {'model.b': torch.ones(1)}
    (warning,) = compare_settings(saved, {'model.c': 'x' * 1000}, 'x.pth')
    lines = warning.splitlines()
    assert len(lines) == 22 and lines[-1] == '  and 11 more'
    assert max(map(len, lines)) < 150
