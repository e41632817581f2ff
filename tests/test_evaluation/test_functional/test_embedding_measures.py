"""RankMe, uniformity and alignment compared with NumPy and scikit-learn in float64."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from scipy.stats import entropy

from npid_mm.evaluation import alignment, rank_me, uniformity
from npid_mm.evaluation.functional import embedding_measures
from tests.toy import unit_rows


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(embedding_measures, 'BLOCK', 7)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize('shape', [(40, 8), (5, 12), (1, 3)])
def test_rank_me_is_the_entropy_of_the_singular_values(small_blocks, shape, dtype):
    rows = (unit_rows(*shape) * torch.logspace(0, -2, shape[1])).to(dtype)
    singular = np.linalg.svd(rows.double().numpy(), compute_uv=False)
    assert rank_me(rows) == pytest.approx(np.exp(entropy(singular)), rel=1e-5)


def test_rank_me_of_a_collapsed_bank_is_one():
    assert rank_me(unit_rows(1, 16).expand(50, 16)) == pytest.approx(1, abs=1e-5)
    assert rank_me(torch.eye(16)) == pytest.approx(16)


@pytest.mark.parametrize('t', [2.0, 0.5])
def test_uniformity_is_the_mean_over_pairs(small_blocks, t):
    rows = unit_rows(30, 6)
    expected = np.log(np.exp(-t * pdist(rows.double().numpy(), 'sqeuclidean')).mean())
    assert uniformity(rows, t) == pytest.approx(expected, abs=1e-6)


def test_uniformity_of_equal_rows_is_zero_and_not_above():
    assert uniformity(unit_rows(1, 16).expand(50, 16)) == pytest.approx(0, abs=1e-5)
    assert uniformity(unit_rows(1, 16).expand(50, 16)) <= 0


def test_alignment_is_the_mean_squared_distance():
    first, second = unit_rows(20, 8, 0), unit_rows(20, 8, 1)
    expected = np.square((first - second).double().numpy()).sum(1).mean()
    assert alignment(first, second) == pytest.approx(expected, rel=1e-6)
    assert alignment(first, first) == 0


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: rank_me(torch.ones(3)), r'rows must be a 2-D .* least 1 rows, got \(3,\)'),
        (lambda: rank_me(torch.zeros(3, 2)), 'rows must not all be zeros'),
        (lambda: rank_me(torch.tensor([[1.0], [float('nan')]])), 'rows must be finite'),
        (lambda: uniformity(torch.ones(1, 2)), r'at least 2 rows, got \(1, 2\)'),
        (lambda: uniformity(torch.ones(2, 2).long()), 'torch.int64'),
        (lambda: alignment(torch.ones(0, 2), torch.ones(0, 2)), 'first must be a 2-D'),
        (
            lambda: alignment(torch.ones(2, 2), torch.ones(3, 2)),
            r'first and second must have one shape \(N, D\), got \(2, 2\) and \(3, 2\)',
        ),
    ],
)
def test_wrong_rows_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
