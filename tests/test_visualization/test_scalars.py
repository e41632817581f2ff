"""Series of a run: from one file, and from the starts of a run that was interrupted."""

from pathlib import Path

import pytest

from npid_mm.visualization import read_run, run_names
from tests.test_visualization.scalar_logs import LOG, write_log


def write_start(work_dir, time, records):
    return write_log(work_dir / time / 'vis_data/scalars.json', records)


def steps(epoch, *losses, length=4):
    """Training steps of an epoch of ``length`` steps, from its first one."""
    return [
        dict(loss=loss, epoch=epoch, iter=(epoch - 1) * length + step, step=step)
        for step, loss in enumerate(losses, 1)
    ]


def test_series_are_the_numbers_of_the_log(tmp_path):
    """Steps are placed within their epoch, lines of hooks and validation at its end."""
    series = read_run(write_log(tmp_path / 'scalars.json', LOG))
    assert series['loss'] == ([0.5, 1, 1.5, 2], [3.0, 2.5, 2.0, 1.5])
    assert series['bank_drift'] == ([1, 2], [0.3, 0.2])
    assert series['bank_knn'] == ([1], [40.5])
    assert series['knn/top1_k20'] == ([1], [41.0])
    assert not {'epoch', 'iter', 'step'} & set(series)


def test_epochs_when_the_last_step_is_not_logged(tmp_path):
    """Ten steps per epoch, logged every third step of the run."""
    log = [dict(loss=1.0, epoch=1 + (i - 1) // 10, iter=i, step=i) for i in range(3, 100, 3)]
    epochs, _ = read_run(write_log(tmp_path / 'scalars.json', log))['loss']
    assert epochs == pytest.approx([i / 10 for i in range(3, 100, 3)], rel=0.02)


def test_a_line_that_is_being_written_is_ignored(tmp_path):
    path = write_log(tmp_path / 'scalars.json', LOG)
    path.write_text(path.read_text() + '\n{"loss": 1.')
    assert len(read_run(path)['loss'][1]) == 4


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'{"loss": 1, "step": 1}\n{"loss": \n{}\n', 'one JSON object per line, got .* in line 2'),
        (b'[]\n{}\n', r"one JSON object per line, got '\[\]' in line 1: give a work dir or"),
        (b'\xff\n', 'is not a scalars.json: it is not text'),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content, message):
    path = tmp_path / 'scalars.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_run(path)


def test_a_resumed_run_is_one_curve(tmp_path):
    """Killed one step into its third epoch, resumed from the end of the second."""
    drift = [dict(bank_drift=value, step=epoch) for epoch, value in ((1, 0.3), (2, 0.2), (3, 0.1))]
    first = [*steps(1, 9, 8, 7, 6), drift[0], *steps(2, 5, 4, 3, 2), drift[1], *steps(3, 99, 99)]
    write_start(tmp_path, '20260101_000000', first)
    write_start(tmp_path, '20260101_000001', [*steps(3, 1, 1, 1, 1), drift[2]])
    series = read_run(tmp_path)
    assert series['loss'] == ([i / 4 for i in range(1, 13)], [9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1])
    assert series['bank_drift'] == ([1, 2, 3], [0.3, 0.2, 0.1])


def test_a_new_run_in_an_old_folder_replaces_the_old_one_and_tests_do_not_count(tmp_path):
    write_start(tmp_path, '20260101_000000', steps(1, 9, 9, 9, 9))
    write_start(tmp_path, '20260101_000001', steps(1, 5, 5))
    write_start(tmp_path, '20260101_000002', [{'knn/top1_k5': 99.0, 'step': 0}])
    assert read_run(tmp_path) == {'loss': ([0.5, 1], [5, 5])}


def test_a_folder_without_a_training_is_named(tmp_path):
    for path in (tmp_path, tmp_path / 'nowhere'):
        with pytest.raises(FileNotFoundError, match=f'no log of a training in {path}: give a work'):
            read_run(path)


def test_names_are_the_ends_of_paths_that_differ():
    assert run_names(['work_dirs/a', 'work_dirs/b']) == ['a', 'b']
    scalars = [f'{run}/1/vis_data/scalars.json' for run in 'ab']
    assert run_names(scalars) == ['a/1/vis_data/scalars.json', 'b/1/vis_data/scalars.json']
    assert run_names([Path('x/a'), Path('x/b')], ['one', 'two']) == ['one', 'two']


@pytest.mark.parametrize(
    ('runs', 'names'),
    [('ab', ['one']), ('ab', ['one', 'one']), ('ab', ['a', 'b', 'c']), ('aa', None)],
)
def test_names_are_one_for_each_run_and_differ(runs, names):
    with pytest.raises(ValueError, match='names must be 2 different ones, one for each run, got'):
        run_names(list(runs), names)
