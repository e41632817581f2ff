"""Tests of traversing nested containers; test_limits.py has their limits."""

from npid_mm.checkpoints.tree import Shared, flat_values


def test_a_container_that_contains_itself_is_visited_once():
    content = dict(a=[1])
    content['a'].append(content)
    assert flat_values(content) == {'a.0': 1, 'a.1': Shared(())}
    assert repr(Shared(())) == '<the same as the whole>'
