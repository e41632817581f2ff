"""The picture of the curves shows all runs and quantities."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from npid_mm.visualization import training_curve
from tests.test_visualization.pixels import near, pixels_of
from tests.test_visualization.scalar_logs import LOG, write_log

pytestmark = pytest.mark.slow

BLUE, ORANGE = to_hex('C0'), to_hex('C1')  # of the first and the second run


def colored(path):
    """Number of colored (not gray) pixels, and the width of the picture."""
    pixels = pixels_of(path)
    return int((np.ptp(pixels, axis=-1) > 60).sum()), pixels.shape[1]


def first_panel(path):
    pixels = pixels_of(path)
    return pixels[:, : pixels.shape[1] // 3]


def blue_columns(path):
    """Columns of pixels in which the first of three panels has the color of the first run."""
    return near(first_panel(path), BLUE, 1).any(axis=0).nonzero()[0]


def test_one_panel_for_each_logged_quantity(tmp_path):
    """Three panels for the whole log, one if only the loss is logged."""
    whole = training_curve(write_log(tmp_path / 'a.json', LOG), tmp_path / 'new' / 'whole.png')
    losses = write_log(tmp_path / 'b.json', [record for record in LOG if 'loss' in record])
    only_loss = training_curve(losses, tmp_path / 'loss.png')
    assert colored(whole)[0] > colored(only_loss)[0] > 100
    assert colored(whole)[1] == 3 * colored(only_loss)[1]


def test_several_runs_are_laid_over_one_another(tmp_path):
    """A second run adds its own color; runs need not have logged the same."""
    paths = {'first': write_log(tmp_path / 'a.json', LOG[:3])}
    one = training_curve(paths, tmp_path / 'one.png')
    second = [dict(record, loss=record['loss'] + 1) for record in LOG if 'loss' in record]
    paths['second'] = write_log(tmp_path / 'b.json', second)
    two = training_curve(paths, tmp_path / 'two.png')
    assert colored(two)[0] > 1.3 * colored(one)[0]
    assert colored(two)[1] == colored(one)[1]
    assert not near(pixels_of(one), ORANGE, 1).any()
    orange = near(pixels_of(two), ORANGE, 1)
    # in a panel, and in the names of the runs below the panels
    assert 100 <= orange[:-40].sum() <= 10_000 and orange[-40:].any()


def test_one_k_of_several_may_be_chosen(tmp_path):
    """The line of the other K is gone; a K that was not logged is refused with those that were."""
    log = [*LOG, *({'knn/top1_k5': 60 + i, 'step': i} for i in (1, 2))]
    path = write_log(tmp_path / 'a.json', log)
    every = colored(training_curve(path, tmp_path / 'every.png'))
    one = colored(training_curve(path, tmp_path / 'one.png', k=20))
    assert one[0] < every[0] and one[1] == every[1]
    with pytest.raises(ValueError, match=r'k must be one of the logged \[5, 20\], got 10'):
        training_curve(path, tmp_path / 'none.png', k=10)
    assert not (tmp_path / 'none.png').exists()


@pytest.mark.parametrize('broken', [float('nan'), float('inf')])
def test_crosses_mark_a_loss_that_is_not_finite(tmp_path, broken):
    """Without them the curve would look like one of a run that was stopped."""
    drift = dict(bank_drift=0.1, step=4)  # the panels share the time axis
    later = [dict(loss=broken, epoch=3, iter=i, step=i) for i in (10, 12)]
    whole = write_log(tmp_path / 'a.json', [*LOG, *later, drift])
    without = write_log(tmp_path / 'b.json', [*LOG, drift])
    ends = blue_columns(training_curve(whole, tmp_path / 'a.png'))
    others = blue_columns(training_curve(without, tmp_path / 'b.png'))
    # the curve covers the epochs 0.5 to 2, the crosses are at 2.5 and at 3
    ratio = (ends[-1] - others[0]) / (others[-1] - others[0])
    assert ratio == pytest.approx(2.5 / 1.5, abs=0.05)


def test_a_loss_that_was_never_finite_has_no_scale(tmp_path):
    """Its panel has crosses and no numbers at its axis."""

    def scale(path):
        """Number of dark pixels left of the axis of the first panel."""
        dark = first_panel(path).max(-1) < 100
        return dark[:, : dark.sum(axis=0).argmax()].sum()

    log = [dict(record, loss=float('nan')) if 'loss' in record else record for record in LOG]
    out = training_curve(write_log(tmp_path / 'a.json', log), tmp_path / 'a.png')
    assert len(blue_columns(out)) > 4 * 3
    whole = training_curve(write_log(tmp_path / 'b.json', LOG), tmp_path / 'b.png')
    assert scale(out) < scale(whole)


def test_a_log_without_any_of_the_quantities_is_refused(tmp_path):
    """Alone, and beside a run that has them."""
    path = write_log(tmp_path / 'scalars.json', [dict(lr=0.1, step=1)])
    runs = {'whole': write_log(tmp_path / 'whole.json', LOG), 'bare': path}
    for each in (path, runs):
        with pytest.raises(ValueError, match=rf"have logged loss, .*, got \['lr'\] in {path}"):
            training_curve(each, tmp_path / 'curve.png')
    path.write_text('')
    with pytest.raises(ValueError, match=r'got \[\] in'):
        training_curve(path, tmp_path / 'curve.png')
    assert not (tmp_path / 'curve.png').exists()


def test_measures_without_labels_are_drawn_below(tmp_path):
    """At most four panels are in a row."""
    measures = ('bank_rankme', 'bank_uniformity', 'view_alignment', 'bank_overlap', 'view_own_row')
    log = [*LOG, *({name: 0.5 / step for name in measures} | {'step': step} for step in (1, 2))]
    few = training_curve(write_log(tmp_path / 'a.json', LOG), tmp_path / 'few.png')
    many = training_curve(write_log(tmp_path / 'b.json', log), tmp_path / 'many.png')
    assert pixels_of(many).shape[:2] == (2 * pixels_of(few).shape[0], 4 * colored(few)[1] // 3)
    assert colored(many)[0] > 2 * colored(few)[0]
