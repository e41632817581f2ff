"""Members of a neighborhood, and their links."""

import torch

from npid_mm.evaluation import nearest_neighbors
from npid_mm.retrieval.neighborhood import neighborhood
from tests.toy import unit_rows


class Rows:
    """Rows of an index."""

    def __init__(self, rows):
        self.rows = rows.float()

    def __len__(self):
        return len(self.rows)

    def float32_rows(self, selection):
        return self.rows[selection].numpy()


def searching(rows):
    def search(query, k):
        found = nearest_neighbors(torch.from_numpy(query), rows.float(), k)
        return tuple(each.numpy() for each in found)

    return search


def test_neighbors_come_first_then_their_neighbors():
    """On a circle the neighborhood grows to both sides."""
    angle = torch.arange(40) * 0.05
    rows = torch.stack([angle.cos(), angle.sin()], 1)
    members, links = neighborhood([[20, 21], [5]], Rows(rows), searching(rows), 2, 7)
    assert members[:3] == [20, 5, 21]
    assert len(members) == 7 and set(members) <= {3, 4, 5, 6, 7, 18, 19, 20, 21, 22, 23}
    for own, others in zip(members, links, strict=True):
        distance = sorted(abs(own - other) for other in members if other != own)
        assert [abs(own - members[position]) for position, _ in others] == distance[:2]


def test_similarities_between_members_are_those_of_their_rows():
    rows = unit_rows(50, 8).bfloat16()
    members, links = neighborhood([[3, 9, 30]], Rows(rows), searching(rows), 4, 12)
    expected = rows[members].double() @ rows[members].double().t()
    for own, others in enumerate(links):
        values = expected[own].clone()
        values[own] = -2
        assert len(others) == 4 and own not in [position for position, _ in others]
        torch.testing.assert_close(
            torch.tensor([value for _, value in others], dtype=torch.float64),
            values.topk(4).values,
            rtol=0,
            atol=1e-6,
        )


def test_everything_that_was_found_is_a_member_whatever_the_size():
    rows = unit_rows(30, 8)
    members, _ = neighborhood([[1, 2, 3], [4, 2]], Rows(rows), searching(rows), 3, 1)
    assert members == [1, 4, 2, 3]


def test_equal_rows_are_linked_to_each_other():
    """And never to themselves."""
    rows = unit_rows(1, 8).repeat(5, 1)
    members, links = neighborhood([[0, 1]], Rows(rows), searching(rows), 3, 5)
    assert sorted(members) == [0, 1, 2, 3]
    for own, others in enumerate(links):
        assert len(others) == 3 and own not in [position for position, _ in others]


def test_queries_without_neighbors_have_no_neighborhood():
    assert neighborhood([[]], Rows(unit_rows(3, 8)), None, 2, 5) == ([], [])
