"""Outliers and doubtful labels compared with plain loops."""

import math

import pytest
import torch

from npid_mm.curation import Neighbors, all_neighbors, label_doubts, outlier_scores
from tests.toy import unit_rows


def test_outlier_scores_are_mean_distances():
    rows = unit_rows(20, 4)
    rows[:19] = torch.nn.functional.normalize(rows[:19] + 3 * rows[0])
    rows[19] = -rows[0]
    scores = outlier_scores(all_neighbors(rows, 5))
    cosine = (rows @ rows.t()).fill_diagonal_(-9).sort(dim=1, descending=True).values[:, :5]
    torch.testing.assert_close(scores, 1 - cosine.mean(dim=1))
    assert int(scores.argmax()) == 19
    lonely = Neighbors(torch.tensor([[-torch.inf, -torch.inf]]), torch.full((1, 2), -1), 1.0)
    assert outlier_scores(lonely).tolist() == [2]


def test_doubts_are_the_share_of_the_vote():
    rows = unit_rows(40, 4)
    labels = torch.arange(40) % 4 - 1  # a quarter is unknown
    found = all_neighbors(rows, 6)
    doubts, preferred = label_doubts(found, labels, temperature=0.2)
    for row in range(40):
        votes = [0.0] * 3
        for value, other in zip(found.similarity[row], found.indices[row], strict=True):
            if labels[other] >= 0:
                votes[labels[other]] += math.exp(float(value) / 0.2)
        assert int(preferred[row]) == max(range(3), key=votes.__getitem__)
        if labels[row] < 0:
            assert doubts[row].isnan()
        else:
            expected = 1 - votes[labels[row]] / sum(votes)
            assert float(doubts[row]) == pytest.approx(expected, abs=1e-5)


def test_a_row_without_a_labeled_neighbor_is_not_doubted():
    table = Neighbors(torch.tensor([[0.9], [-torch.inf]]), torch.tensor([[1], [-1]]), 1.0)
    doubts, preferred = label_doubts(table, torch.tensor([0, -1]))
    assert doubts.isnan().all() and preferred.tolist() == [-1, -1]
    doubts, preferred = label_doubts(table, torch.tensor([-1, -1]))
    assert doubts.isnan().all() and preferred.tolist() == [-1, -1]


@pytest.mark.parametrize('labels', [[0], [0, -2], [0.0, 1.0]])
def test_wrong_labels_are_named(labels):
    table = Neighbors(torch.tensor([[0.9], [0.9]]), torch.tensor([[1], [0]]), 1.0)
    with pytest.raises(ValueError, match='labels must be 2 integers of at least -1'):
        label_doubts(table, torch.tensor(labels))
