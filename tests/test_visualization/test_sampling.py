"""Sampled positions are distinct, in order and of as many classes as possible."""

import numpy as np
import pytest

from npid_mm.visualization import sample_across_classes, sample_positions


def test_random_positions_are_distinct_and_follow_the_seed():
    sample = sample_positions(1000, 50, 0)
    assert len(set(sample.tolist())) == 50 and (np.diff(sample) > 0).all() and sample[-1] < 1000
    assert (sample == sample_positions(1000, 50, 0)).all()
    assert (sample != sample_positions(1000, 50, 1)).any()
    assert sample_positions(3, 50, 0).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ('labels', 'count', 'positions'),
    [
        ([0, 0, 0, 1, 1, 2], 3, [0, 3, 5]),
        ([0, 0, 0, 1, 1, 2], 5, [0, 1, 3, 4, 5]),
        ([2, 1, 0, 0], 2, [1, 2]),
        (range(10), 3, [0, 3, 6]),
        ([5, 5], 9, [0, 1]),
    ],
)
def test_positions_are_of_as_many_classes_as_possible(labels, count, positions):
    assert sample_across_classes(labels, count) == positions


@pytest.mark.parametrize(
    'sample',
    [
        lambda count: sample_positions(3, count, 0),
        lambda count: sample_across_classes([0, 1], count),
    ],
)
def test_a_count_below_one_is_refused(sample):
    with pytest.raises(ValueError, match='count must be at least 1, got 0'):
        sample(0)
