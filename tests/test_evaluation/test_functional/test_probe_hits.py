"""Answers of classifiers on frozen features, and intervals compared with SciPy's."""

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap
from torch.nn import functional as F

from npid_mm.evaluation import bootstrap_interval, linear_probe, probe_hits, weighted_knn


def problem(noise):
    """Rows around three directions."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(90) % 3
    rows = F.one_hot(labels, 8).float() + noise * torch.randn(90, 8, generator=generator)
    rows = F.normalize(rows)
    return rows[:60], labels[:60], rows[60:], labels[60:]


def test_answers_are_those_of_the_classifiers():
    train, labels, test, truth = problem(0.5)
    hits = probe_hits(train, labels, test, truth, k=7, shots=60)
    near = weighted_knn(test, train, labels, 7).argmax(dim=1)
    assert hits['knn'].tolist() == (near == truth).float().tolist()
    expected = linear_probe(train, labels, test, truth)
    assert 0.5 < expected < 1 and float(hits['linear'].mean()) == pytest.approx(expected)
    # all labels in each draw
    torch.testing.assert_close(hits['few_labels'], hits['linear'], atol=1e-6, rtol=0)


def test_few_labels_are_drawn_at_random():
    train, labels, test, truth = problem(0.5)
    few = [probe_hits(train, labels, test, truth, shots=1, seed=seed) for seed in (0, 0, 1)]
    first, same, other = (each['few_labels'] for each in few)
    assert first.tolist() == same.tolist() != other.tolist()
    assert 1 / 3 < float(first.mean()) < float(few[0]['linear'].mean())
    easy = probe_hits(*problem(0.01))
    assert all(float(each.mean()) == 1 for each in easy.values())
    with pytest.raises(ValueError, match='shots must be at least 1, got 0'):
        probe_hits(train, labels, test, truth, shots=0)
    with pytest.raises(ValueError, match='draws must be at least 1, got 0'):
        probe_hits(train, labels, test, truth, draws=0)


def test_the_interval_is_that_of_the_percentile_bootstrap():
    values = torch.rand(200, generator=torch.Generator().manual_seed(0)).square()
    found = bootstrap_interval(values, share=0.9)
    peer = bootstrap(
        (values.numpy(),), np.mean, confidence_level=0.9, method='percentile', rng=0
    ).confidence_interval
    assert found == pytest.approx((peer.low, peer.high), abs=0.004)
    assert bootstrap_interval(torch.ones(9)) == (1.0, 1.0)
