"""The solver compared with scikit-learn's LinearSVC."""

import pytest
import torch

from npid_mm.evaluation import linear_gram, squared_hinge_path
from npid_mm.evaluation.functional import squared_hinge

from .svm_problems import linear_svc


def make_problem(length=120, columns=30, noise=1.0):
    """Rows with a common part, like features after a ReLU, and noisy linear labels."""
    rows = torch.randn(length, columns, dtype=torch.float64)
    labels = (rows[:, :2].sum(1) + noise * torch.randn(length) > 0.8).double() * 2 - 1
    return rows.add_(1).relu_(), labels


def problem(features, labels):
    """Arguments of one SVM without class weights."""
    return linear_gram(features), labels[:, None], torch.ones_like(labels)[:, None]


def objective(features, labels, weights, cost, w, b):
    """The protocol's loss as liblinear documents it."""
    hinge = (1 - labels * (features @ w + b)).clamp_min(0)
    return float((w @ w + b * b) / 2 + cost * (weights * hinge**2).sum())


def peer_fit(features, labels, cost):
    svm = linear_svc(cost).fit(features, labels)
    return torch.from_numpy(svm.coef_[0]), float(svm.intercept_[0])


@pytest.mark.parametrize('columns, noise', [(5, 2.0), (30, 1.0), (300, 0.1)])
def test_equals_linear_svc(columns, noise):
    """Fewer and more columns than rows, separable or not, costs over six orders of magnitude."""
    features, labels = make_problem(columns=columns, noise=noise)
    weights = torch.where(labels > 0, 2.0, 1.0).double()
    path = squared_hinge_path(
        linear_gram(features), labels[:, None], weights[:, None], (10.0, 0.5**16, 0.01, 0.5)
    )
    costs = []
    for cost, coef, score in path:
        costs.append(cost)
        w, b = peer_fit(features, labels, cost)
        torch.testing.assert_close(score[:, 0], features @ w + b, rtol=0, atol=1e-4)
        ours = objective(features, labels, weights, cost, features.T @ coef[:, 0], coef.sum())
        assert ours == pytest.approx(objective(features, labels, weights, cost, w, b), rel=1e-5)
        torch.testing.assert_close(features @ (features.T @ coef) + coef.sum(0), score)
    assert costs == [0.5**16, 0.01, 0.5, 10.0]


@pytest.mark.parametrize(
    'columns, noise, scale', [(300, 0.1, 1.0), (60, 0.1, 30.0), (30, 1.0, 30.0)]
)
def test_high_cost_alone(columns, noise, scale):
    """Newton's method stalls on these without stages, or with full steps."""
    features, labels = make_problem(columns=columns, noise=noise)
    features *= scale
    args = problem(features, labels)
    ((_, alone, _),) = squared_hinge_path(*args, (1000.0,))
    path = list(squared_hinge_path(*args, [2.0**power for power in range(-30, 10)] + [1000.0]))
    torch.testing.assert_close(alone, path[-1][1], rtol=1e-4, atol=1e-6 * float(alone.abs().max()))


def test_rows_of_weight_0_are_ignored_and_scored():
    features, labels = make_problem()
    weights = torch.where(labels > 0, 2.0, 1.0).double()[:, None].repeat(1, 2)
    weights[80:, 0] = 0
    path = squared_hinge_path(
        linear_gram(features), labels[:, None].expand(-1, 2), weights, (0.01, 1.0)
    )
    for cost, _, score in path:
        w, b = peer_fit(features[:80], labels[:80], cost)
        torch.testing.assert_close(score[:, 0], features @ w + b, rtol=0, atol=1e-4)


@pytest.mark.parametrize('count', [1, 2, 10])
def test_equals_linear_svc_on_features_of_low_rank(count):
    """Few rows are not zero: some SVMs are exact after one step, others take more."""
    features = torch.zeros(120, 30, dtype=torch.float64)
    features[:count] = torch.nn.functional.normalize(torch.randn(count, 30).double())
    labels = 2.0 * (torch.arange(120)[:, None] % 6 == torch.arange(6)).double() - 1
    labels = labels.repeat(1, 2)
    weights = torch.where(labels > 0, 2.0, 1.0).double()
    weights[:40, 6:] = 0  # six SVMs without the rows of a fold
    for cost, _, score in squared_hinge_path(linear_gram(features), labels, weights, (1e-6, 1.0)):
        for column, first in enumerate([0] * 6 + [40] * 6):
            w, b = peer_fit(features[first:], labels[first:, column], cost)
            torch.testing.assert_close(score[:, column], features @ w + b, rtol=0, atol=1e-4)


@pytest.mark.parametrize('few, inner', [(0.0, 500), (1.0, 50), (0.0, 1)])
def test_both_ways_to_solve_a_step_reach_the_same_optimum(monkeypatch, few, inner):
    """Iteration, factorization, and factorization after iteration gives up."""
    features, labels = make_problem()
    args = *problem(features, labels), (0.1, 100.0)
    expected = [score for _, _, score in squared_hinge_path(*args)]
    monkeypatch.setattr(squared_hinge, 'FEW', few)
    monkeypatch.setattr(squared_hinge, 'INNER_STEPS', inner)
    for (_, _, score), other in zip(squared_hinge_path(*args), expected, strict=True):
        torch.testing.assert_close(score, other, rtol=0, atol=1e-4)


def test_tolerance_bounds_the_distance_from_the_optimum():
    """Compared with a far more exact solution."""
    features, labels = make_problem(columns=300)
    args = *problem(features, labels), (0.01, 10.0)
    for tolerance in (0.1, 1e-3):
        rough = list(squared_hinge_path(*args, tolerance=tolerance))
        exact = list(squared_hinge_path(*args, tolerance=1e-9))
        for (_, coef, score), (_, best, best_score) in zip(rough, exact, strict=True):
            distance = ((coef - best) * (score - best_score)).sum().sqrt()
            assert distance <= 1.001 * tolerance * (coef * score).sum().sqrt()


def test_an_unreachable_tolerance_is_an_error():
    features, labels = make_problem()
    args = *problem(features, labels), (1.0,)
    with pytest.raises(RuntimeError, match='1 SVMs are not within tolerance 1e-30 of'):
        list(squared_hinge_path(*args, tolerance=1e-30))
