"""Diverse subsets compared with loops over all choices."""

from itertools import combinations

import pytest

from npid_mm.curation import all_neighbors, facility_location, k_center
from tests.toy import unit_rows


def test_k_center_takes_the_farthest_row_each_time():
    rows = unit_rows(30, 4)
    chosen = k_center(rows, 6, first=3).tolist()
    expected = [3]
    for _ in range(5):
        cosine = (rows @ rows[expected].t()).amax(dim=1)
        cosine[expected] = 9
        expected.append(int(cosine.argmin()))
    assert chosen == expected
    assert sorted(k_center(rows, 99).tolist()) == list(range(30))
    assert k_center(rows, 1).tolist() == [int((rows @ rows.mean(dim=0)).argmax())]


def test_facility_location_is_close_to_the_best_subset():
    rows = unit_rows(14, 3)
    similarity = (rows @ rows.t()).clamp(min=0).fill_diagonal_(1)
    chosen = facility_location(all_neighbors(rows, 13), 3).tolist()

    def covered(subset):
        return float(similarity[:, list(subset)].amax(dim=1).sum())

    greedy = []
    for _ in range(3):
        rest = [row for row in range(14) if row not in greedy]
        greedy.append(max(rest, key=lambda row: covered([*greedy, row])))
    best = max(map(covered, combinations(range(14), 3)))
    assert covered(chosen) == pytest.approx(covered(greedy))
    assert covered(chosen) >= (1 - 1 / 2.71829) * best
    assert sorted(facility_location(all_neighbors(rows, 3), 99).tolist()) == list(range(14))


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda rows: k_center(rows, 0), 'count must be at least 1, got 0'),
        (lambda rows: k_center(rows[:0], 1), 'rows must be at least one, got none'),
        (lambda rows: k_center(rows, 1, first=5), r'first must be in \[0, 5\), got 5'),
        (lambda rows: facility_location(all_neighbors(rows), 0), 'count must be at least 1'),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(unit_rows(5, 3))
