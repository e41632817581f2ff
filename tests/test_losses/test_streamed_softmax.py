"""Softmax statistics over all rows: the fused CPU kernel, types, excluded rows, shards, memory."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from npid_mm.losses import SoftmaxStatistics, exact_softmax_loss, onednn, softmax_statistics
from tests.test_losses.reference import case, dense_loss


@pytest.mark.parametrize('dtype, tolerance', [(torch.float32, 1e-5), (torch.bfloat16, 5e-3)])
def test_the_fused_kernel_and_its_fallback_agree(dtype, tolerance, monkeypatch):
    feature, bank, index, _ = case(batch=32, length=20_001, dim=16, dtype=torch.float32)
    fused = softmax_statistics(feature, bank.to(dtype), 0.07, index)
    monkeypatch.setattr(onednn, 'KERNEL', None)
    general = softmax_statistics(feature, bank.to(dtype), 0.07, index)
    torch.testing.assert_close(fused, general, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('temperature', [0.07, 0.2])
def test_half_bank_gradient_is_within_half_a_percent_for_every_sample(dtype, temperature):
    """Compare with float64 on the rows as stored.

    For a sample that lies on its row, E - v_i could be a small difference of large terms.
    """
    feature, bank, index, _ = case(batch=8, length=3_001, dim=64, dtype=torch.float32)
    bank = bank.to(dtype)
    with torch.no_grad():
        feature[:4] = bank[index[:4]].float()
    exact_softmax_loss(feature, bank, index, temperature).backward()
    exact = feature.detach().double().requires_grad_()
    dense_loss(exact, bank.double(), index, temperature).backward()
    error = (feature.grad - exact.grad).norm(dim=1) / exact.grad.norm(dim=1)
    assert error.max() < 0.005


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_excluded_rows_are_left_out(dtype):
    """Rows of several blocks; a number outside the rows, as of another shard, excludes none."""
    feature, bank, _, _ = case(batch=32, length=70_001, dim=16)
    feature, bank = feature.detach().float(), bank.to(dtype)
    exclude = torch.arange(32) * 2258  # 0 to 69,998
    exclude[5], exclude[6] = -3, 70_001
    feature = feature if dtype != torch.float64 else feature.double()
    lse, mean = softmax_statistics(feature, bank, 0.07, exclude)
    logits = feature.double() @ bank.double().T / 0.07
    inside = (exclude >= 0) & (exclude < 70_001)
    logits[inside, exclude[inside]] = -torch.inf
    tolerance = {torch.float64: 1e-10, torch.float32: 1e-5, torch.bfloat16: 5e-3}[dtype]
    expected = logits.softmax(1) @ bank.double()
    torch.testing.assert_close(lse.double(), logits.logsumexp(1), rtol=tolerance, atol=0)
    assert ((mean - expected).norm(dim=1) / expected.norm(dim=1)).max() < tolerance


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('scale, temperature', [(3.0, 0.07), (1.0, 0.01)])
def test_rows_that_are_not_unit_rows_and_small_temperatures_are_right(dtype, scale, temperature):
    """The fused kernel needs the logits of unit rows and must detect others."""
    feature, bank, index, _ = case(batch=8, length=5_000, dim=16, dtype=torch.float32)
    bank = (scale * bank).to(dtype)
    exact_softmax_loss(feature, bank, index, temperature).backward()
    exact = feature.detach().double().requires_grad_()
    dense_loss(exact, bank.double(), index, temperature).backward()
    assert (feature.grad - exact.grad).norm() < 1e-4 * exact.grad.norm()


@pytest.mark.parametrize('parts', [[23], [10, 13], [0, 1, 22], [23, 0, 0], [0, 0, 23]])
def test_shards_merge_to_the_whole(parts):
    """Shards may be empty, as with more ranks than rows."""
    feature, bank, index, _ = case()
    statistics, start = [], 0
    for shard in bank.split(parts):
        statistics.append(softmax_statistics(feature, shard, 0.07, index - start))
        start += len(shard)
    merged = SoftmaxStatistics.merge(statistics)
    whole = softmax_statistics(feature, bank, 0.07, index)
    torch.testing.assert_close(merged, whole, rtol=1e-11, atol=1e-14)


def test_statistics_carry_no_graph():
    feature, bank, _, _ = case()
    assert not any(part.requires_grad for part in softmax_statistics(feature, bank, 0.07))


def test_memory_does_not_grow_with_the_bank():
    """B x N logits would be 32 MB here; the largest allocation is one block of 2 MB."""
    feature, bank, index, _ = case(batch=64, length=131_072, dim=8, dtype=torch.float32)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as prof:
        exact_softmax_loss(feature, bank, index, 0.07).backward()
    largest = max(event.cpu_memory_usage for event in prof.events())
    assert 2**20 < largest <= 2**22
