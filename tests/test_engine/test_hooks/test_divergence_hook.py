"""A diverged training ends and keeps its good checkpoints."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from npid_mm.engine.hooks import DivergedError, DivergenceHook
from tests.toy import digits_config


class Spoil(Hook):
    """Set a weight to NaN after a step."""

    priority = 'VERY_HIGH'

    def __init__(self, step, name):
        self.step, self.name = step, name

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter + 1 == self.step:
            runner.model.state_dict()[self.name].fill_(torch.nan)


def train(digits, work_dir, spoil=None, **settings):
    """Three epochs of four steps."""
    cfg = digits_config(digits, work_dir, epochs=3)
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    cfg.merge_from_dict(settings)
    runner = Runner.from_cfg(cfg)
    if spoil:
        runner.register_hook(spoil)
    runner.train()


def saved(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth'))


@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_the_training(digits, tmp_path):
    settings = {'optim_wrapper.optimizer': dict(type='SGD', lr=1e30), 'param_scheduler': None}
    message = (
        r'diverged at iteration 2, in epoch 1: the loss is nan; no checkpoint was saved\. Try a '
        r'lower optim_wrapper\.optimizer\.lr \(now 1e\+30\), a higher model\.head\.temperature '
        r'\(now 0\.2\), a warm-up .* or optim_wrapper\.clip_grad\.max_norm=1'
    )
    with pytest.raises(DivergedError, match=message):
        train(digits, tmp_path, **settings)
    assert saved(tmp_path) == []


# the second does not reach the loss: GN has no such buffer, and the last step of an epoch no next
@pytest.mark.slow
@pytest.mark.parametrize(
    ('step', 'place', 'what'),
    [
        (6, r'iteration 7, in epoch 2', 'the loss is nan'),
        (8, r'iteration 8, in epoch 2', r'1 of \d+ weights and buffers .* backbone\.conv1\.weight'),
    ],
)
def test_the_last_good_checkpoint_stays(digits, tmp_path, step, place, what):
    with pytest.raises(DivergedError, match=rf'{place}: {what}.*epoch_1\.pth is from before'):
        train(digits, tmp_path, Spoil(step, 'backbone.conv1.weight'))
    assert saved(tmp_path) == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')


@pytest.mark.slow
def test_no_step_of_a_run_by_iterations_saves_it_either(digits, tmp_path):
    """Checkpoints are saved in the middle of an epoch."""
    settings = {
        'default_hooks.checkpoint.by_epoch': False,
        'default_hooks.checkpoint.interval': 2,
    }
    with pytest.raises(DivergedError, match=r'iteration 4, .*iter_2\.pth is from before'):
        train(digits, tmp_path, Spoil(4, 'neck.fc.bias'), **settings)
    assert saved(tmp_path) == ['iter_2.pth']


def fake_runner(scaler):
    """The attributes of a Runner that the hook reads."""
    return SimpleNamespace(
        optim_wrapper=SimpleNamespace(loss_scaler=scaler, param_groups=[dict(lr=0.1)]),
        message_hub=SimpleNamespace(get_info=lambda key: None),
        model=torch.nn.Identity(),
        iter=5,
        epoch=1,
    )


def test_a_loss_scaler_may_skip_some_steps_in_a_row():
    """Half precision overflows now and then, and the scaler leaves such a step out."""
    runner = fake_runner(torch.amp.GradScaler('cpu'))
    hook = DivergenceHook()
    for loss in (torch.nan, torch.inf, 1.0, *[torch.nan] * 9):
        hook.after_train_iter(runner, 0, outputs=dict(loss=torch.tensor(loss)))
    with pytest.raises(DivergedError, match='the loss is inf'):
        hook.after_train_iter(runner, 0, outputs=dict(loss=torch.tensor(torch.inf)))
    runner = fake_runner(torch.amp.GradScaler('cpu', enabled=False))
    with pytest.raises(DivergedError, match='the loss is nan'):
        DivergenceHook().after_train_iter(runner, 0, outputs=dict(loss=torch.tensor(torch.nan)))
