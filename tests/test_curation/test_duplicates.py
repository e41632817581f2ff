"""Pairs, confirmation and groups compared with plain loops."""

import math

import pytest
import torch

from npid_mm.curation import (
    Neighbors,
    Pairs,
    all_neighbors,
    confirm_pairs,
    duplicate_groups,
    join_pairs,
    leaking_groups,
    similar_pairs,
)
from tests.toy import unit_rows


def test_similar_pairs_are_those_above_the_limit():
    rows = unit_rows(60, 3)
    pairs = similar_pairs(all_neighbors(rows, 59), 0.8)
    cosine = rows.double() @ rows.double().t()
    expected = {(i, j) for i in range(60) for j in range(i + 1, 60) if cosine[i, j] >= 0.8}
    assert set(map(tuple, pairs.indices.tolist())) == expected and len(pairs.indices) == len(
        expected
    )
    torch.testing.assert_close(
        pairs.cosine.double(), cosine[tuple(pairs.indices.t())], atol=1e-6, rtol=0
    )
    assert (pairs.cosine[1:] <= pairs.cosine[:-1]).all()


def test_missing_neighbors_are_not_pairs():
    table = Neighbors(torch.tensor([[-torch.inf], [0.5]]), torch.tensor([[-1], [0]]), 1.0)
    assert similar_pairs(table, -1).indices.tolist() == [[0, 1]]
    with pytest.raises(ValueError, match=r'min_cosine must be in \[-1, 1\], got 2'):
        similar_pairs(table, 2)


def test_joined_pairs_are_sorted_by_their_cosine():
    rows = unit_rows(9, 4)
    pairs = [(0, 3), (2, 8), (1, 4), (0, 1)]
    joined = join_pairs(rows, torch.tensor(pairs[:3]), torch.tensor(pairs[1:]))
    expected = sorted(pairs, key=lambda pair: -float(rows[pair[0]] @ rows[pair[1]]))
    assert list(map(tuple, joined.indices.tolist())) == expected
    torch.testing.assert_close(joined.cosine, torch.stack([rows[i] @ rows[j] for i, j in expected]))
    assert len(join_pairs(rows, torch.empty(0, 2, dtype=torch.long)).cosine) == 0


def test_pixels_and_the_training_confirm():
    pairs = Pairs(torch.tensor([[0, 1], [1, 2], [2, 3]]), torch.tensor([0.99, 0.98, 0.97]))
    values = {(0, 1): 0.99, (1, 2): 0.3, (2, 3): math.nan}
    confirmed, pixels = confirm_pairs(pairs, lambda i, j: values[i, j])
    assert confirmed.tolist() == [True, False, False]
    assert pixels[:2].tolist() == [0.99, 0.3] and pixels[2].isnan()
    own = torch.tensor([0.5, 0.4, 0.9, math.nan])  # row 2 is told apart from row 1
    confirmed, pixels = confirm_pairs(pairs, own=own)
    assert confirmed.tolist() == [True, False, True] and pixels.isnan().all()


@pytest.mark.parametrize('name', ['min_pixels', 'max_own'])
def test_limits_are_shares(name):
    pairs = Pairs(torch.tensor([[0, 1]]), torch.tensor([0.9]))
    with pytest.raises(ValueError, match=rf'{name} must be in \[0, 1\], got 1.5'):
        confirm_pairs(pairs, **{name: 1.5})


def test_groups_are_connected_components():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(40, (25, 2), generator=generator)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    expected = [{row} for row in range(40)]
    for i, j in pairs.tolist():
        first, second = (next(each for each in expected if row in each) for row in (i, j))
        if first is not second:
            expected.remove(second)
            first |= second
    expected = sorted((sorted(each) for each in expected if len(each) > 1), key=lambda g: g[0])
    groups = duplicate_groups(pairs, 40)
    assert sorted(groups, key=lambda group: group[0]) == expected
    assert [len(group) for group in groups] == sorted(map(len, groups), reverse=True)
    assert duplicate_groups(torch.empty(0, 2, dtype=torch.long), 5) == []


def test_leaks_are_groups_of_several_sets():
    groups = [[0, 1, 4], [2, 3]]
    assert leaking_groups(groups, ['train', 'train', 'val', 'val', 'val']) == [[0, 1, 4]]
