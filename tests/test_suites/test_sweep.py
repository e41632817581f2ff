"""The grid of a sweep, parsed from the command line."""

import pytest

from npid_mm.suites.sweep import grid_cells, parse_axis


@pytest.mark.parametrize('text', ['lr', 'lr=', '=1,2', 'lr=1,,2', ''])
def test_a_wrong_grid_is_refused(text):
    with pytest.raises(ValueError, match='--grid must look like KEY=V1,V2, got'):
        parse_axis(text)


def test_repeated_values_and_keys_are_refused():
    with pytest.raises(ValueError, match="--grid must name each value once, got 'lr=1,1'"):
        parse_axis('lr=1,1')
    with pytest.raises(ValueError, match='--grid must name each key once, got lr, lr'):
        grid_cells([('lr', ['1']), ('lr', ['2'])])


def test_the_grid_has_every_combination():
    cells = grid_cells([parse_axis('a.lr=0.1, 0.01'), parse_axis('b=x')])
    assert cells == [{'a.lr': '0.1', 'b': 'x'}, {'a.lr': '0.01', 'b': 'x'}]
