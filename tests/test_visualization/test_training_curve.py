"""The series of a log, and that the picture shows them."""

import json

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from npid_mm.visualization import read_scalars, training_curve

# Four steps an epoch, logged every second one, as MMEngine writes them.
LOG = [
    dict(lr=0.03, loss=3.0, time=0.1, epoch=1, iter=2, step=2),
    dict(lr=0.03, loss=2.5, time=0.1, epoch=1, iter=4, step=4),
    dict(bank_drift=0.3, bank_knn=40.5, step=1),
    {'knn/top1_k20': 41.0, 'knn/top5_k20': 80.0, 'step': 1},
    dict(lr=0.03, loss=2.0, time=0.1, epoch=2, iter=6, step=6),
    dict(lr=0.03, loss=1.5, time=0.1, epoch=2, iter=8, step=8),
    dict(bank_drift=0.2, step=2),
]


BLUE = [round(255 * value) for value in to_rgb('C0')]
ORANGE = [round(255 * value) for value in to_rgb('C1')]  # of the second run


def write_log(path, records):
    path.write_text(''.join(json.dumps(record) + '\n' for record in records))
    return path


def colours(path):
    """How many coloured (not gray) pixels there are."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert('RGB')).astype(int)
    return int((np.ptp(pixels, axis=-1) > 60).sum()), pixels.shape[1]


def test_series_are_the_numbers_of_the_log(tmp_path):
    """Steps are placed within their epoch, lines of hooks and validation at its end."""
    series = read_scalars(write_log(tmp_path / 'scalars.json', LOG))
    assert series['loss'] == ([0.5, 1, 1.5, 2], [3.0, 2.5, 2.0, 1.5])
    assert series['bank_drift'] == ([1, 2], [0.3, 0.2])
    assert series['bank_knn'] == ([1], [40.5])
    assert series['knn/top1_k20'] == ([1], [41.0])
    assert not {'epoch', 'iter', 'step'} & set(series)


def test_epochs_when_the_last_step_is_not_logged(tmp_path):
    """Ten steps an epoch, logged every third one over the whole run."""
    log = [dict(loss=1.0, epoch=1 + (i - 1) // 10, iter=i, step=i) for i in range(3, 100, 3)]
    epochs, _ = read_scalars(write_log(tmp_path / 'scalars.json', log))['loss']
    assert epochs == pytest.approx([i / 10 for i in range(3, 100, 3)], rel=0.02)


def test_what_training_writes_at_the_moment_is_left_out(tmp_path):
    path = write_log(tmp_path / 'scalars.json', LOG)
    path.write_text(path.read_text() + '\n{"loss": 1.')
    assert len(read_scalars(path)['loss'][1]) == 4


def test_refuses_a_broken_line_in_the_middle(tmp_path):
    path = tmp_path / 'scalars.json'
    path.write_text('{"loss": 1, "step": 1}\n{"loss": \n{"loss": 1, "step": 2}\n')
    with pytest.raises(ValueError, match='one JSON object a line, got .* in line 2'):
        read_scalars(path)


def test_one_panel_for_each_quantity_that_is_there(tmp_path):
    """Three panels for the whole log, one where only the loss is logged."""
    whole = training_curve(write_log(tmp_path / 'a.json', LOG), tmp_path / 'new' / 'whole.png')
    losses = write_log(tmp_path / 'b.json', [record for record in LOG if 'loss' in record])
    only_loss = training_curve(losses, tmp_path / 'loss.png')
    assert colours(whole)[0] > colours(only_loss)[0] > 100
    assert colours(whole)[1] == 3 * colours(only_loss)[1]


def test_several_runs_are_laid_over_one_another(tmp_path):
    """A second run adds its own colour; runs need not have logged the same."""
    paths = {'first': write_log(tmp_path / 'a.json', LOG[:3])}
    one = colours(training_curve(paths, tmp_path / 'one.png'))
    second = [dict(record, loss=record['loss'] + 1) for record in LOG if 'loss' in record]
    paths['second'] = write_log(tmp_path / 'b.json', second)
    two = colours(training_curve(paths, tmp_path / 'two.png'))
    assert two[0] > 1.3 * one[0]
    assert two[1] == one[1]
    for name, least, most in (('one', 0, 0), ('two', 100, 10_000)):
        pixels = np.asarray(Image.open(tmp_path / f'{name}.png').convert('RGB'))
        orange = (pixels == ORANGE).all(-1)
        # in a panel, and in the names of the runs below the panels
        assert least <= orange[:-40].sum() <= most
        assert orange[-40:].any() == (name == 'two')


def test_one_k_of_several_may_be_chosen(tmp_path):
    """The line of the other K is gone; a K that nobody logged is refused with those that are."""
    log = [*LOG, *({'knn/top1_k5': 60 + i, 'step': i} for i in (1, 2))]
    path = write_log(tmp_path / 'a.json', log)
    every = colours(training_curve(path, tmp_path / 'every.png'))
    one = colours(training_curve(path, tmp_path / 'one.png', k=20))
    assert one[0] < every[0] and one[1] == every[1]
    with pytest.raises(ValueError, match=r'k must be one of the logged \[5, 20\], got 10'):
        training_curve(path, tmp_path / 'none.png', k=10)
    assert not (tmp_path / 'none.png').exists()


def blue_columns(path):
    """Columns of pixels in which the first panel of three has the colour of the first run."""
    pixels = np.asarray(Image.open(path).convert('RGB'))
    return (pixels == BLUE).all(-1)[:, : pixels.shape[1] // 3].any(axis=0).nonzero()[0]


@pytest.mark.parametrize('broken', [float('nan'), float('inf')])
def test_a_loss_that_is_lost_shows(tmp_path, broken):
    """Of a run without them the curve would end at the same place as one that was stopped."""
    later = [dict(loss=broken, epoch=3, iter=i, step=i) for i in (10, 12)]
    later.append(dict(bank_drift=0.1, step=4))  # the time axis is the same for all three
    whole = training_curve(write_log(tmp_path / 'a.json', [*LOG, *later]), tmp_path / 'a.png')
    later[:2] = []
    without = training_curve(write_log(tmp_path / 'b.json', [*LOG, *later]), tmp_path / 'b.png')
    ends, others = blue_columns(whole), blue_columns(without)
    first = others[0]
    # the curve goes from epoch 0.5 to 2, the crosses are at 2.5 and at 3
    assert (ends[-1] - first) / (others[-1] - first) == pytest.approx(2.5 / 1.5, abs=0.05)


def test_a_loss_that_was_never_finite_has_no_scale(tmp_path):
    """Its panel says so, with crosses and without figures that nothing was measured by."""
    log = [dict(record, loss=float('nan')) if 'loss' in record else record for record in LOG]
    out = training_curve(write_log(tmp_path / 'a.json', log), tmp_path / 'a.png')
    assert len(blue_columns(out)) > 4 * 3
    whole = training_curve(write_log(tmp_path / 'b.json', LOG), tmp_path / 'b.png')
    assert gray_left_of_the_panel(out) < gray_left_of_the_panel(whole)


def gray_left_of_the_panel(path):
    """How many dark pixels there are left of the first panel's axis, where its scale is."""
    pixels = np.asarray(Image.open(path).convert('L'))
    pixels = pixels[:, : pixels.shape[1] // 3]
    axis = (pixels < 100).sum(axis=0).argmax()
    return (pixels[:, :axis] < 100).sum()


def test_refuses_a_log_without_any_of_the_quantities(tmp_path):
    path = write_log(tmp_path / 'scalars.json', [dict(lr=0.1, step=1)])
    message = rf"must have logged loss, .*, got \['lr'\] in {path}"
    with pytest.raises(ValueError, match=message):
        training_curve(path, tmp_path / 'curve.png')
    # nor is it left out beside a run that has them
    runs = {'whole': write_log(tmp_path / 'whole.json', LOG), 'bare': path}
    with pytest.raises(ValueError, match=message):
        training_curve(runs, tmp_path / 'curve.png')
    path.write_text('')
    with pytest.raises(ValueError, match=r'got \[\] in'):
        training_curve(path, tmp_path / 'curve.png')
    assert not (tmp_path / 'curve.png').exists()
