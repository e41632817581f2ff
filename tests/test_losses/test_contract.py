"""Gradients, types, autocast and checks of arguments that all losses share."""

from functools import partial

import pytest
import torch

from npid_mm.losses import (
    estimate_z,
    exact_softmax_loss,
    nce_log_noise,
    nce_loss,
    nce_statistics,
    proximal_loss,
    sampled_softmax_loss,
    sampled_softmax_statistics,
    softmax_statistics,
)
from tests.test_losses.reference import case

# every function with the arguments feature, bank, index, negatives, temperature
LOSSES = {
    'exact': lambda f, bank, index, _, tau: exact_softmax_loss(f, bank, index, tau),
    'sampled': sampled_softmax_loss,
    'nce': partial(nce_loss, z=40.0),
    'proximal': lambda f, bank, index, *_: proximal_loss(f, bank, index),
}
STATISTICS = {
    'exact part': lambda f, bank, _, __, tau: softmax_statistics(f, bank, tau),
    'sampled part': lambda f, bank, _, *rest: sampled_softmax_statistics(f, bank, *rest),
    'nce part': lambda f, bank, _, *rest: nce_statistics(f, bank, *rest, 0.0),
    'z': lambda f, bank, _, *rest: estimate_z(f, bank, *rest),
}
EVERYTHING = LOSSES | STATISTICS


def each_of(name, functions, without=()):
    """Parametrize a test over functions, except those that lack an argument."""
    chosen = {key: function for key, function in functions.items() if key not in without}
    return pytest.mark.parametrize(name, chosen.values(), ids=chosen)


@each_of('loss', LOSSES)
def test_gradient_reaches_the_feature_alone_and_the_bank_is_unchanged(loss):
    feature, bank, index, negatives = case()
    before = bank.clone()
    bank.requires_grad_()
    loss(feature, bank, index, negatives, 0.07).backward()
    assert feature.grad.abs().sum() > 0
    assert bank.grad is None
    assert torch.equal(bank, before)


@each_of('loss', LOSSES)
def test_upstream_gradient_scales(loss):
    feature, bank, index, negatives = case()
    (once,) = torch.autograd.grad(loss(feature, bank, index, negatives, 0.07), feature)
    (thrice,) = torch.autograd.grad(3 * loss(feature, bank, index, negatives, 0.07), feature)
    torch.testing.assert_close(thrice, 3 * once)


@each_of('loss', LOSSES)
def test_second_derivative_is_refused(loss):
    feature, bank, index, negatives = case()
    value = loss(feature, bank, index, negatives, 0.07).square()
    (gradient,) = torch.autograd.grad(value, feature, create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        gradient.sum().backward()


@each_of('loss', LOSSES)
def test_autocast_does_not_lower_the_precision(loss):
    feature, bank, index, negatives = case(dtype=torch.float32)
    expected = loss(feature, bank, index, negatives, 0.07)
    (expected_grad,) = torch.autograd.grad(expected, feature)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        value = loss(feature, bank, index, negatives, 0.07)
    (gradient,) = torch.autograd.grad(value, feature)
    assert value.dtype == torch.float32
    assert torch.equal(value, expected) and torch.equal(gradient, expected_grad)


@each_of('loss', LOSSES)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_feature_gets_a_half_gradient_of_a_float32_loss(loss, dtype):
    feature, bank, index, negatives = case(dtype=torch.float32)
    half = feature.detach().to(dtype).requires_grad_()
    value = loss(half, bank, index, negatives, 0.07)
    value.backward()
    same = half.detach().float().requires_grad_()
    expected = loss(same, bank, index, negatives, 0.07)
    expected.backward()
    assert value.dtype == torch.float32 and half.grad.dtype == dtype
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(half.grad, same.grad.to(dtype))


@each_of('loss', LOSSES)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_float64_feature_sets_the_arithmetic_whatever_the_bank(loss, dtype):
    feature, bank, index, negatives = case()
    bank = bank.to(dtype)
    value = loss(feature, bank, index, negatives, 0.07)
    expected = loss(feature, bank.double(), index, negatives, 0.07)
    assert value.dtype == torch.float64
    torch.testing.assert_close(value, expected, rtol=1e-13, atol=0)


@each_of('loss', LOSSES)
def test_int32_indices(loss):
    feature, bank, index, negatives = case()
    value = loss(feature, bank, index.int(), negatives.int(), 0.07)
    assert torch.equal(value, loss(feature, bank, index, negatives, 0.07))


@pytest.mark.parametrize(
    'wrong, message', [('0.07', "> 0, got '0.07'"), (1e-30, 'at least 0.001, .*, got 1e-30')]
)
@each_of('function', EVERYTHING, without=('proximal',))
def test_temperature_refused(function, wrong, message):
    feature, bank, index, negatives = case()
    with pytest.raises(ValueError, match=f'temperature must be {message}'):
        function(feature, bank, index, negatives, wrong)


@each_of('function', EVERYTHING)
def test_feature_and_bank_refused(function):
    feature, bank, index, negatives = case()
    with pytest.raises(ValueError, match=r'same D, got \(4, 5\) and \(23, 4\)'):
        function(feature, bank[:, :4], index, negatives, 0.07)
    with pytest.raises(ValueError, match=r'feature must be a floating point matrix, .*\(5,\)'):
        function(feature[0], bank, index, negatives, 0.07)
    with pytest.raises(ValueError, match='bank must be a floating point matrix, got torch.int64'):
        function(feature, bank.long(), index, negatives, 0.07)
    with pytest.raises(ValueError, match=r'a sample or more, got shape \(0, 5\)'):
        function(feature[:0], bank, index[:0], negatives[:0], 0.07)


@each_of('function', LOSSES)
def test_index_refused(function):
    feature, bank, index, negatives = case()
    with pytest.raises(ValueError, match=r'index must have shape \(B,\) = \(4,\).*got \(3,\)'):
        function(feature, bank, index[:3], negatives, 0.07)
    with pytest.raises(ValueError, match='index needs a bank of at least one row, got none'):
        exact_softmax_loss(feature, bank[:0], index, 0.07)
    with pytest.raises(ValueError, match='index must be int64 or int32, got torch.float64'):
        function(feature, bank, index.double(), negatives, 0.07)
    for wrong in (-1, 23):
        index[2] = wrong
        with pytest.raises(IndexError, match=f'index must be between 0 and 22, got {wrong}'):
            function(feature, bank, index, negatives, 0.07)


@each_of('function', EVERYTHING, without=('exact', 'proximal', 'exact part'))
def test_negatives_refused(function):
    feature, bank, index, negatives = case()
    for shape, wrong in [(r'\(3, 9\)', negatives[:3]), (r'\(4, 0\)', negatives[:, :0])]:
        with pytest.raises(ValueError, match=rf'negatives must have shape .*got {shape}'):
            function(feature, bank, index, wrong, 0.07)
    for wrong in (-2, 40):
        negatives[1, 3] = wrong
        with pytest.raises(IndexError, match=f'negatives must be between 0 and 22, got {wrong}'):
            function(feature, bank, index, negatives, 0.07)


@pytest.mark.parametrize(
    'wrong, message',
    [
        (0, 'z must be > 0, got 0'),
        (-2.0, 'z must be > 0, got -2.0'),
        (float('nan'), 'z must be > 0, got nan'),
        (torch.ones(1), r'z must be a number or a 0-dim tensor, got shape \(1,\)'),
    ],
)
def test_z_refused(wrong, message):
    feature, bank, index, negatives = case()
    with pytest.raises(ValueError, match=message):
        nce_log_noise(wrong, 9, 23)
    with pytest.raises(ValueError, match=message):
        nce_loss(feature, bank, index, negatives, 0.07, wrong)
