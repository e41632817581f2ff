"""Measures of a training without labels: logs, choice of checkpoints and early stopping."""

import json
import random
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from npid_mm.config.validation import LABEL_FREE
from npid_mm.engine import LabelFreeHook
from npid_mm.engine.hooks.label_free.embed_views import embed_view
from npid_mm.evaluation import rank_me, uniformity
from tests.toy import digits_config

IMAGES, ROWS, VIEWS = 50, 30, 7


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """A run without validation that an early stop ends after 2 of 4 epochs, and its hook."""
    cfg = digits_config(digits, tmp_path_factory.mktemp('run'), IMAGES, epochs=4)
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    cfg.default_hooks.memory_bank.knn_interval = 0
    cfg.default_hooks.label_free = dict(type='LabelFreeHook', rows=ROWS, views=VIEWS)
    cfg.default_hooks.checkpoint.update(save_best='bank_rankme', rule='less', interval=10)
    stop = dict(type='EarlyStoppingHook', monitor='bank_uniformity', rule='less')
    cfg.custom_hooks = [dict(stop, patience=1, min_delta=100)]
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner, next(hook for hook in runner.hooks if isinstance(hook, LabelFreeHook))


@pytest.mark.slow
def test_measures_are_logged_after_each_epoch(trained):
    path = Path(trained[0].log_dir) / 'vis_data' / 'scalars.json'
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines = [line for line in lines if 'bank_rankme' in line]
    assert [line['step'] for line in lines] == [1, 2]
    assert {*lines[0]} == {*LABEL_FREE, 'step'} - {'bank_overlap'}
    assert {*lines[1]} == {*LABEL_FREE, 'step'}
    assert 1 <= lines[1]['bank_rankme'] <= 16 and 0 <= lines[1]['view_own_row'] <= 1
    assert 0 <= lines[1]['bank_overlap'] <= 1 and 0 < lines[1]['view_alignment'] < 4


@pytest.mark.slow
def test_measures_are_those_of_the_bank(trained):
    runner, hook = trained
    rows = runner.model.memory_bank.feature_bank[torch.arange(ROWS) * IMAGES // ROWS]
    assert hook._figures['bank_rankme'] == pytest.approx(rank_me(rows))
    assert hook._figures['bank_uniformity'] == pytest.approx(uniformity(rows))


@pytest.mark.slow
def test_a_checkpoint_is_chosen_and_the_training_stopped_without_labels(trained):
    """The best checkpoint has the number of its finished epoch."""
    runner, hook = trained
    assert runner.epoch == 2
    (best,) = Path(runner.work_dir).glob('best_bank_rankme_epoch_*.pth')
    assert best.stem[-1] in '12'
    assert torch.load(best, weights_only=False)['meta']['epoch'] == int(best.stem[-1])


@pytest.mark.slow
def test_measures_join_the_metrics_of_a_validation(trained):
    runner, hook = trained
    metrics = {'knn/top1_k5': 50.0}
    hook.after_val_epoch(runner, metrics)
    assert {*metrics} == {'knn/top1_k5', *LABEL_FREE}
    hook._figures = {}  # as in a resumed run that validates before its first step
    hook.after_val_epoch(runner, metrics := {})
    assert {*metrics} == {*LABEL_FREE}


@pytest.mark.slow
def test_views_leave_no_trace(trained):
    """Generators, mode and statistics of the network stay; a number names a view."""
    runner, _ = trained
    before = random.random.__self__.getstate(), torch.get_rng_state()
    state = {name: value.clone() for name, value in runner.model.state_dict().items()}
    runner.model.train()
    index = torch.tensor([3, 40, 7])
    (one, instances), (again, _), (other, _) = (embed_view(runner, index, i) for i in (0, 0, 1))
    assert instances.tolist() == [3, 40, 7] and runner.model.training
    assert torch.equal(one, again) and not torch.allclose(one, other, atol=1e-3)
    after = random.random.__self__.getstate(), torch.get_rng_state()
    assert after[0] == before[0] and torch.equal(after[1], before[1])
    assert all(torch.equal(value, state[name]) for name, value in runner.model.state_dict().items())


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(interval=0), 'interval must be at least 1, got 0'),
        (dict(rows=1), 'rows must be at least 2, got 1'),
        (dict(views=-1), 'views must be at least 0, got -1'),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LabelFreeHook(**arguments)
