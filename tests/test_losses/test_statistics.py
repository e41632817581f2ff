"""Statistics of parts and of weighted rows against those of all rows."""

from functools import partial

import pytest
import torch

from npid_mm.losses import nce_statistics, sampled_softmax_statistics, z_statistics
from tests.test_losses.reference import case

STATISTICS = {
    'softmax': partial(sampled_softmax_statistics, temperature=0.07),
    'nce': partial(nce_statistics, temperature=0.07, log_noise=0.3),
    'z': partial(z_statistics, temperature=0.07),
}
every_statistic = pytest.mark.parametrize('statistic', STATISTICS.values(), ids=STATISTICS)


@every_statistic
def test_parts_merge_to_the_whole(statistic):
    feature, bank, _, negatives = case()
    parts = [statistic(feature, bank, part) for part in negatives.split([2, 7], dim=1)]
    merged = type(parts[0]).merge(parts)
    torch.testing.assert_close(merged, statistic(feature, bank, negatives), rtol=1e-12, atol=1e-14)


@every_statistic
def test_a_weight_counts_each_row_of_a_sample_so_often(statistic):
    feature, bank, _, negatives = case()
    weighted = statistic(feature, bank, negatives).weighted(torch.tensor([1.0, 2.0, 3.0, 1.0]))
    for sample, count in enumerate([1, 2, 3, 1]):
        one = slice(sample, sample + 1)
        repeated = statistic(feature[one], bank, negatives[one].repeat(1, count))
        for got, expected in zip(weighted, repeated, strict=True):
            torch.testing.assert_close(got[one], expected, rtol=1e-12, atol=1e-14)


@every_statistic
def test_statistics_carry_no_graph(statistic):
    feature, bank, _, negatives = case()
    assert not any(field.requires_grad for field in statistic(feature, bank, negatives))
