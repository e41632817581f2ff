"""Ranks of the true class among the votes of its neighbors."""

import pytest
import torch

from npid_mm.evaluation.metrics import KNNAccuracy


def test_rank_of_a_class_counts_ties_and_missing_votes():
    scores = torch.tensor([2.0, 5.0, 2.0, 0.0])
    assert [KNNAccuracy.rank(scores, c) for c in range(4)] == [2, 1, 3, float('inf')]
    assert KNNAccuracy.rank(scores, 9) == float('inf')


def test_a_label_below_0_is_refused():
    with pytest.raises(ValueError, match='gt_label must be a class from 0 on, got -1'):
        KNNAccuracy().process({}, [dict(gt_label=torch.tensor([-1]), knn_scores={})])
