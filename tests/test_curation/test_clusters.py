"""Clusters of rows around known directions."""

import pytest
import torch
from torch.nn import functional as F

from npid_mm.curation import cluster_rows
from npid_mm.curation.clusters import default_clusters
from tests.toy import unit_rows


def test_clusters_are_those_of_the_directions():
    truth = torch.tensor([0] * 60 + [1] * 40 + [2] * 20)
    noise = torch.randn(120, 8, generator=torch.Generator().manual_seed(0))
    rows = F.normalize(unit_rows(3, 8)[truth] + 0.05 * noise)
    # the largest cluster has the smallest number
    assert torch.equal(cluster_rows(rows.half(), 3), truth)
    assert torch.equal(cluster_rows(rows, 3, seed=1), truth)
    assert cluster_rows(rows[:2], 5).unique().numel() == 2


def test_numbers_are_checked_and_have_a_default():
    assert [default_clusters(length) for length in (1, 200, 10**6)] == [1, 10, 50]
    with pytest.raises(ValueError, match='count must be at least 1, got 0'):
        cluster_rows(unit_rows(3, 2), 0)
    with pytest.raises(ValueError, match='rows must be at least one'):
        cluster_rows(unit_rows(3, 2)[:0], 1)
