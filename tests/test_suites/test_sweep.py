"""Grid, folders and results of a sweep, without a training."""

import json

import pytest

from npid_mm.suites.sweep import RESULT, Sweep, cell_name, grid_cells, last_metrics, parse_axis


@pytest.mark.parametrize('text', ['lr', 'lr=', '=1,2', 'lr=1,,2', ''])
def test_wrong_grid_is_refused(text):
    with pytest.raises(ValueError, match='--grid must look like KEY=V1,V2, got'):
        parse_axis(text)


def test_repeated_values_and_keys_are_refused():
    with pytest.raises(ValueError, match="--grid must name each value once, got 'lr=1,1'"):
        parse_axis('lr=1,1')
    with pytest.raises(ValueError, match='--grid must name each key once, got lr, lr'):
        grid_cells([('lr', ['1']), ('lr', ['2'])])


def test_every_combination_is_a_cell():
    cells = grid_cells([parse_axis('a.lr=0.1, 0.01'), parse_axis('b=x')])
    assert cells == [{'a.lr': '0.1', 'b': 'x'}, {'a.lr': '0.01', 'b': 'x'}]
    assert cell_name(cells[0]) == 'a.lr=0.1,b=x'
    assert cell_name({'a': 'x/../y z'}) == 'a=x_.._y_z'


def test_best_is_the_highest_of_the_finished(tmp_path):
    cells = grid_cells([('lr', ['1', '2', '3'])])
    sweep = Sweep(tmp_path, cells, 'top1', dict(config='a'))
    assert sweep.best() is None
    for cell, metrics in zip(cells, (dict(top1=5.0), dict(top1=7.0), dict(top5=9.0)), strict=True):
        sweep.cell_folder(cell).mkdir()
        (sweep.cell_folder(cell) / RESULT).write_text(json.dumps(metrics))
    assert sweep.best() == {'lr': '2'}
    with pytest.raises(ValueError, match='holds a sweep of another config or other options'):
        Sweep(tmp_path, cells, 'top1', dict(config='b'))


def test_last_evaluation_of_the_last_run_counts(tmp_path):
    for time, lines in (
        ('20260101', [{'loss': 1.0, 'lr': 0.1}, {'val/top1': 1.0, 'step': 1}]),
        ('20260102', [{'val/top1': 2.0}, {'val/top1': 3.0, 'step': 2}, {'lr': 0.1, 'a/b': 9}]),
    ):
        (tmp_path / time / 'vis_data').mkdir(parents=True)
        text = '\n'.join(map(json.dumps, lines))
        (tmp_path / time / 'vis_data/scalars.json').write_text(text)
    assert last_metrics(tmp_path) == {'val/top1': 3.0}
    assert last_metrics(tmp_path / '20260101') == {}
