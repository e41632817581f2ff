"""The log of a run that was interrupted, and the text of a log in place of its scalars."""

import json
from pathlib import Path

import pytest

from npid_mm.visualization import read_run, run_names

# as MMEngine and MemoryBankHook write them
TEXT = """\
2026/11/22 00:57:36 - mmengine - INFO - memory bank: 5000 x 128 float32, 2.4 MiB on this rank
2026/11/22 00:57:38 - mmengine - INFO - Epoch(train)  [1][ 50/100]  base_lr: 3.0e-02 lr: 3.0000e-02  eta: 0:02:40  time: 0.0348  data_time: 0.0084  memory: 12  loss: 12.1475
2026/11/22 00:57:38 - mmengine - INFO - Epoch(train)  [1][100/100]  lr: 3.0000e-02  eta: 0:02:40  time: 0.0348  data_time: 0.0084  loss: 9.5000
2026/11/22 00:57:42 - mmengine - INFO - memory bank after epoch 1: bank_drift 0.2939, bank_knn 40.2500
2026/11/22 00:57:43 - mmengine - INFO - Epoch(train)  [2][ 50/100]  lr: 2.9981e-02  eta: 1 day, 0:02:33  time: 0.0352  data_time: 0.0086  loss: nan
2026/11/22 00:57:44 - mmengine - INFO - Saving checkpoint at 2 epochs
2026/11/22 01:01:18 - mmengine - INFO - Epoch(val) [2][40/40]    knn/top1_k5: 31.1200  knn/top1_k200: 32.0300  data_time: 0.0118  time: 0.0855
"""  # noqa: E501


def steps(epoch, *losses, length=4):
    """Training steps of an epoch of ``length``, from its first step on."""
    return [
        dict(loss=loss, epoch=epoch, iter=(epoch - 1) * length + step, step=step)
        for step, loss in enumerate(losses, 1)
    ]


def write_start(work_dir, time, records):
    path = work_dir / time / 'vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(json.dumps(record) + '\n' for record in records))
    return path


def test_text_gives_the_figures_of_the_lines(tmp_path):
    path = tmp_path / 'a.log'
    path.write_text(TEXT)
    series = read_run(path)
    assert series['loss'][0] == [0.5, 1, 1.5]
    assert series['loss'][1][:2] == [12.1475, 9.5] and series['loss'][1][2] != series['loss'][1][2]
    assert series['lr'][1] == [0.03, 0.03, 0.029981]
    assert series['bank_drift'] == ([1], [0.2939]) and series['bank_knn'] == ([1], [40.25])
    assert series['knn/top1_k5'] == ([2], [31.12]) and series['knn/top1_k200'] == ([2], [32.03])


def test_a_resumed_run_is_one_curve(tmp_path):
    """Killed in its third epoch after one more step, resumed from the end of the second."""
    drift = [dict(bank_drift=value, step=epoch) for epoch, value in ((1, 0.3), (2, 0.2), (3, 0.1))]
    first = [*steps(1, 9, 8, 7, 6), drift[0], *steps(2, 5, 4, 3, 2), drift[1], *steps(3, 99, 99)]
    write_start(tmp_path, '20260101_000000', first)
    write_start(tmp_path, '20260101_000001', [*steps(3, 1, 1, 1, 1), drift[2]])
    series = read_run(tmp_path)
    assert series['loss'] == ([i / 4 for i in range(1, 13)], [9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1])
    assert series['bank_drift'] == ([1, 2, 3], [0.3, 0.2, 0.1])


def test_a_new_run_in_an_old_folder_counts_alone(tmp_path):
    write_start(tmp_path, '20260101_000000', steps(1, 9, 9, 9, 9))
    write_start(tmp_path, '20260101_000001', steps(1, 5, 5))
    assert read_run(tmp_path)['loss'][1] == [5, 5]


def test_tests_are_left_out_and_text_stands_in(tmp_path):
    """A test writes a folder too; a run with TensorBoard alone has no scalars.json."""
    start = tmp_path / '20260101_000000'
    start.mkdir()
    (start / '20260101_000000.log').write_text(TEXT)
    write_start(tmp_path, '20260101_000001', [{'knn/top1_k5': 99.0, 'step': 0}])
    assert read_run(tmp_path)['knn/top1_k5'] == ([2], [31.12])


def test_a_folder_without_a_training_is_named(tmp_path):
    for path in (tmp_path, tmp_path / 'nowhere'):
        with pytest.raises(FileNotFoundError, match=f'no log of a training in {path}: name a work'):
            read_run(path)


def test_names_are_the_ends_of_paths_that_differ():
    assert run_names(['work_dirs/a', 'work_dirs/b']) == ['a', 'b']
    scalars = [f'{run}/1/vis_data/scalars.json' for run in 'ab']
    assert run_names(scalars) == ['a/1/vis_data/scalars.json', 'b/1/vis_data/scalars.json']
    assert run_names([Path('x/a'), Path('x/b')], ['one', 'two']) == ['one', 'two']


@pytest.mark.parametrize('names', [['one'], ['one', 'one'], ['a', 'b', 'c']])
def test_names_are_one_for_each_run_and_differ(names):
    with pytest.raises(ValueError, match='names must be 2 different ones, one for each run, got'):
        run_names(['a', 'b'], names)


def test_one_run_twice_has_no_names():
    with pytest.raises(ValueError, match=r"names must be 2 different .*got \['a', 'a'\]"):
        run_names(['a', 'a'])
