"""Sampled softmax: values, gradients, limit of all rows, memory."""

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from npid_mm.losses import exact_softmax_loss, sampled_softmax_loss
from tests.test_losses.reference import case, softmax_loop


@pytest.mark.parametrize('temperature', [0.01, 0.05, 0.07, 0.2, 1.0])
@pytest.mark.parametrize('length, num', [(1, 3), (2, 1), (23, 9)])
def test_equals_a_plain_loop(length, num, temperature):
    feature, bank, index, negatives = case(length=length, num=num)
    loss = sampled_softmax_loss(feature, bank, index, negatives, temperature)
    loss.backward()
    chosen = torch.cat([index[:, None], negatives], dim=1).tolist()
    value, gradient = softmax_loop(feature, bank, index, chosen, temperature)
    torch.testing.assert_close(loss.item(), value, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(feature.grad, torch.tensor(gradient).double(), rtol=1e-6, atol=1e-6)


def test_gradient_equals_numerical_gradient():
    feature, bank, index, negatives = case()
    assert torch.autograd.gradcheck(
        lambda f: sampled_softmax_loss(f, bank, index, negatives, 0.07), feature
    )


@pytest.mark.parametrize('batch, num', [(3, 20_000), (5_000, 3)])
def test_several_blocks_of_negatives_or_of_samples(batch, num):
    feature, bank, index, negatives = case(batch=batch, num=num)
    loss = sampled_softmax_loss(feature, bank, index, negatives, 0.07)
    loss.backward()
    dense = feature.detach().requires_grad_()
    rows = bank[torch.cat([index[:, None], negatives], dim=1)]
    logits = torch.einsum('bd,bmd->bm', dense, rows) / 0.07
    expected = F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long))
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(feature.grad, dense.grad, rtol=1e-9, atol=1e-14)


def test_all_other_rows_as_negatives_is_the_exact_softmax():
    feature, bank, index, _ = case()
    others = torch.stack([torch.cat([torch.arange(i), torch.arange(i + 1, 23)]) for i in index])
    loss = sampled_softmax_loss(feature, bank, index, others, 0.07)
    torch.testing.assert_close(
        loss, exact_softmax_loss(feature, bank, index, 0.07), rtol=1e-12, atol=0
    )


def test_memory_does_not_grow_with_batch_times_negatives():
    """B x M x D would be 16 MB here; the largest allocation is one block of rows, 1 MB."""
    feature, bank, index, negatives = case(
        batch=8, length=100, dim=32, num=16_384, dtype=torch.float32
    )
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as prof:
        sampled_softmax_loss(feature, bank, index, negatives, 0.07).backward()
    largest = max(event.cpu_memory_usage for event in prof.events())
    assert 2**19 < largest <= 2**21
