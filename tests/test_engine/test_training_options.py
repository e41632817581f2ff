"""Training options as a user types them, in short runs."""

import argparse
from functools import partial

import pytest
import torch

from npid_mm.cli.train import apply_options
from npid_mm.engine.launch import build_runner
from tests.test_engine.option_runs import scalars, short_config, train

pytestmark = pytest.mark.slow

ROWS = 'memory_bank.feature_bank'


@pytest.fixture(scope='module')
def plain(digits, tmp_path_factory):
    """A run without options, in float32, for comparison."""
    seen = Seen()
    runner = train(short_config(digits, tmp_path_factory.mktemp('plain'), epochs=2), seen)
    seen.losses, seen.state = scalars(runner, 'train/loss'), runner.model.state_dict()
    return seen


class Seen:
    """Record what the first convolution, the head and the bank of a model see."""

    def __init__(self):
        self.images, self.maps, self.features, self.banks, self.conv = [], [], [], [], []
        self.index, self.loss_types = [], set()

    def __call__(self, model):
        head_loss, conv = model.head.loss, model.backbone.conv1

        def look(module, inputs, output):
            if module.training:
                self.images.append(inputs[0])
                self.maps.append(output)

        def loss(feature, index, memory_bank):
            self.features.append(feature.detach())
            self.index.append(index)
            self.banks.append(memory_bank.feature_bank.clone())
            self.conv.append(conv.weight.detach().clone())
            losses = head_loss(feature, index, memory_bank)
            self.loss_types.add(losses['loss'].dtype)
            return losses

        conv.register_forward_hook(look)
        model.head.loss = loss


@pytest.fixture
def amp(monkeypatch):
    """Let AmpOptimWrapper, which refuses the CPU, scale and autocast there."""
    if not torch.cuda.is_available():
        wrapper = 'mmengine.optim.optimizer.amp_optimizer_wrapper'
        monkeypatch.setattr(f'{wrapper}.is_cuda_available', lambda: True)
        monkeypatch.setattr(f'{wrapper}.GradScaler', partial(torch.amp.GradScaler, device='cpu'))
        # MMEngine's own allows nothing but bfloat16 there
        monkeypatch.setattr('mmengine.runner.amp.autocast', partial(torch.autocast, 'cpu'))
    return 'optim_wrapper.type=AmpOptimWrapper'


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
def test_mixed_precision_follows_float32(digits, tmp_path, amp, plain, dtype):
    """Convolutions in half precision; embeddings, losses and bank in float32, and close to it."""
    seen = Seen()
    cfg = short_config(digits, tmp_path, amp, f'optim_wrapper.dtype={dtype}', epochs=2)
    runner = train(cfg, seen)
    assert {maps.dtype for maps in seen.maps} == {getattr(torch, dtype)}
    assert {feature.dtype for feature in seen.features} == seen.loss_types == {torch.float32}

    # the first step sees the same weights and images, so only the arithmetic differs
    torch.testing.assert_close(seen.features[0], plain.features[0], rtol=0, atol=5e-3)
    losses = scalars(runner, 'train/loss')
    assert losses == pytest.approx(plain.losses, rel=3e-3) and losses != plain.losses
    bank = runner.model.memory_bank.feature_bank
    assert bank.dtype == torch.float32
    torch.testing.assert_close(bank, plain.state[ROWS], rtol=0, atol=0.02)
    torch.testing.assert_close(bank.norm(dim=1), torch.ones(64))


def test_steps_whose_gradient_overflows_leave_network_and_bank_whole(digits, tmp_path, amp):
    """GradScaler skips them; the bank still follows the features, which are finite."""
    seen = Seen()
    scale = ['optim_wrapper.dtype=float16', 'optim_wrapper.loss_scale.init_scale=1e30']
    runner = train(short_config(digits, tmp_path, amp, *scale), seen)
    for conv in seen.conv[1:]:
        assert torch.equal(conv, seen.conv[0])
    bank = runner.model.memory_bank.feature_bank
    torch.testing.assert_close(bank.norm(dim=1), torch.ones(64))
    assert (bank != seen.banks[0]).any(1).all()


def test_channels_last_changes_the_memory_format_and_nothing_else(digits, tmp_path, plain):
    seen = Seen()
    runner = train(short_config(digits, tmp_path, 'model.channels_last=True', epochs=2), seen)
    last, backbone = dict(memory_format=torch.channels_last), runner.model.backbone
    assert all(weight.is_contiguous(**last) for weight in backbone.parameters() if weight.dim() > 3)
    for tensor in (backbone.conv1.weight, *seen.images, *seen.maps):
        assert tensor.is_contiguous(**last) and not tensor.is_contiguous()
    assert scalars(runner, 'train/loss') == pytest.approx(plain.losses, rel=1e-4)
    torch.testing.assert_close(runner.model.state_dict(), plain.state, rtol=1e-3, atol=1e-4)


def test_accumulated_steps_equal_a_step_of_the_whole_batch(digits, tmp_path):
    """With a loss that does not read the bank, and a network without batch statistics."""
    head = [
        'model.head.type=ParametricSoftmaxHead', 'model.head.length=64',
    ]  # fmt: skip
    halves = ['train_dataloader.batch_size=8', 'optim_wrapper.accumulative_counts=2']
    whole = train(short_config(digits, tmp_path / 'whole', *head, epochs=2))
    twice = train(short_config(digits, tmp_path / 'twice', *head, *halves, epochs=2))
    assert (whole.iter, twice.iter) == (8, 16)
    torch.testing.assert_close(
        twice.model.state_dict(), whole.model.state_dict(), rtol=1e-4, atol=1e-5
    )
    start = short_config(digits, tmp_path / 'start', *head, 'optim_wrapper.optimizer.lr=0.0')
    moved = train(start).model.head.weight - whole.model.head.weight
    assert moved.abs().max() > 0.1


def test_bank_moves_at_each_accumulated_step(digits, tmp_path):
    """The second half of a batch meets a bank that the first has moved, at the same weights."""
    seen = Seen()
    halves = ['train_dataloader.batch_size=8', 'optim_wrapper.accumulative_counts=2']
    train(short_config(digits, tmp_path, *halves), seen)
    assert torch.equal(seen.conv[1], seen.conv[0]) and not torch.equal(seen.conv[2], seen.conv[1])
    moved = (seen.banks[1] != seen.banks[0]).any(1).nonzero().flatten()
    assert moved.tolist() == sorted(seen.index[0].tolist())


def test_one_option_sets_the_dimension_of_neck_bank_and_head(digits, tmp_path):
    options = ['model.neck.out_channels=24', 'model.head.type=ParametricSoftmaxHead']
    cfg = short_config(digits, tmp_path, *options, 'model.head.length=64')
    del cfg.model.memory_bank['feat_dim']
    model = train(cfg).model
    assert model.memory_bank.feature_bank.shape == model.head.weight.shape == (64, 24)


def test_scaling_of_the_rate_without_its_batch_is_refused():
    arguments = argparse.Namespace(resume=None, amp=False, auto_scale_lr=True)
    with pytest.raises(ValueError, match='needs the global batch .* set auto_scale_lr=dict'):
        apply_options({}, arguments)


def test_averaged_weights_leave_the_bank_alone(digits, tmp_path, plain):
    """EMAHook's copy has no bank, and the training is the same; it resumes."""
    cfg = short_config(digits, tmp_path, epochs=2)
    cfg.custom_hooks = [dict(type='BankEMAHook', momentum=0.1)]
    runner = train(cfg)
    state = runner.model.state_dict()
    assert all(torch.equal(state[name], plain.state[name]) for name in state)
    saved = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    assert not any('memory_bank' in name for name in saved['ema_state_dict'])
    bank = 'memory_bank.feature_bank'
    assert torch.equal(saved['state_dict'][bank], state[bank])
    name = 'backbone.conv1.weight'
    assert torch.equal(saved['ema_state_dict'][f'module.{name}'], state[name])
    assert not torch.equal(saved['state_dict'][name], state[name])
    cfg = short_config(digits, tmp_path, epochs=3)
    cfg.custom_hooks = [dict(type='BankEMAHook', momentum=0.1)]
    cfg.update(resume=True, load_from=str(tmp_path / 'epoch_2.pth'))
    assert train(cfg).epoch == 3


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ({'runner_type': 'FlexibleRunner'}, 'runner_type must be .* got FlexibleRunner: the mem'),
        (
            {'model_wrapper_cfg': dict(type='MMFullyShardedDataParallel')},
            'model_wrapper_cfg.type must be .* got MMFullyShardedDataParallel',
        ),
    ],
)
def test_runners_that_the_bank_is_not_made_for_are_refused(digits, tmp_path, option, message):
    cfg = short_config(digits, tmp_path)
    cfg.merge_from_dict(option)
    with pytest.raises(ValueError, match=message):
        build_runner(cfg)


def test_lars_is_an_optimizer_of_a_training(digits, tmp_path):
    """MMPretrain's, which leaves biases and norms to the plain rate."""
    cfg = short_config(digits, tmp_path)
    cfg.optim_wrapper.optimizer = dict(type='LARS', lr=0.5, momentum=0.9, weight_decay=1e-6)
    runner = train(cfg)
    assert type(runner.optim_wrapper.optimizer).__name__ == 'LARS'
    assert torch.tensor(scalars(runner, 'train/loss')).isfinite().all()
