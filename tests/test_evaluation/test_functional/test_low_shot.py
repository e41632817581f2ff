"""Low-shot SVMs: draws, records compared with scikit-learn, and the choice of the cost."""

import numpy as np
import pytest
import torch

from npid_mm.evaluation import choose_low_shot, low_shot_svm, voc_average_precision
from npid_mm.evaluation.functional.low_shot import sample_rows

from .svm_problems import linear_svc, make_data

COSTS = (1.0, 10.0, 0.5**6)


def test_a_draw_holds_k_positives_and_its_share_of_negatives():
    target = torch.randint(-1, 2, (400,))
    rows = sample_rows(target, 5, 20, 'a')
    assert len(rows.unique()) == len(rows) == 100
    assert target[rows].bincount().tolist() == [95, 5]
    assert torch.equal(rows, sample_rows(target, 5, 20, 'a'))
    assert not torch.equal(rows, sample_rows(target, 5, 20, 'b'))


def test_too_few_negatives_are_all_taken():
    target = torch.tensor([0, 1, 0, 1, -1, 1])
    assert sample_rows(target, 3, 20, 'a').tolist() == [0, 1, 2, 3, 5]


def test_records_equal_svms_of_scikit_learn():
    """On the test set, and on the training rows outside the draw, both without -1."""
    train, train_targets, test, test_targets = data = make_data()
    records = low_shot_svm(*data, k=4, draws=2, seed=3, costs=COSTS)
    for record in records:
        column = record['column']
        for draw in range(2):
            rows = sample_rows(train_targets[:, column], 4, 3, f'3/4/{draw}/{column}')
            others = train_targets[:, column].clone()
            others[rows] = -1
            for i, cost in enumerate(COSTS):
                svm = linear_svc(cost).fit(train[rows], train_targets[rows, column] * 2 - 1)
                for name, features, target in (
                    ('held_out_ap', train, others),
                    ('test_ap', test, test_targets[:, column]),
                ):
                    score = torch.from_numpy(svm.decision_function(features))
                    expected = float(voc_average_precision(score, target))
                    assert record[name][draw][i] == pytest.approx(expected, abs=1e-6)


def test_some_columns_give_the_records_of_all():
    data = make_data()
    options = dict(k=2, draws=2, costs=COSTS)
    whole = low_shot_svm(*data, **options)
    assert low_shot_svm(*data, columns=[2, 0], **options) == [whole[2], whole[0]]
    assert low_shot_svm(*data, seed=1, **options) != whole


def record(held_out, test, **changed):
    return dict(column=0, k=1, costs=[1.0, 10.0], held_out_ap=held_out, test_ap=test) | changed


def test_chooses_one_cost_by_the_mean_over_classes_and_draws():
    """The held-out rows prefer the second cost, the test set the first."""
    records = [
        record([[0.2, 0.4], [0.2, 0.3]], [[0.9, 0.5], [0.7, 0.3]]),
        record([[0.5, 0.4], None], [[0.5, 0.7], [0.3, 0.1]]),
    ]
    found = choose_low_shot(records)
    assert (found['k'], found['cost']) == (1, 10.0)
    assert found['test_map'] == pytest.approx(0.4)
    np.testing.assert_allclose(found['test_map_per_draw'], [0.6, 0.2])
    found = choose_low_shot(records, select='test')
    assert found['cost'] == 1.0
    assert found['test_map'] == pytest.approx(0.6)


def test_a_class_without_spare_positives_does_not_choose():
    """With all positives in the draw, only the test set could choose."""
    data = make_data()
    positives = int((data[1][:, 0] == 1).sum())
    records = low_shot_svm(*data, k=positives, columns=[0], draws=2, costs=COSTS)
    assert records[0]['held_out_ap'] == [None, None]
    with pytest.raises(ValueError, match=f'outside its draws of {positives}: lower k or pass'):
        choose_low_shot(records)
    assert choose_low_shot(records, select='test')['test_map'] > 0


def test_invalid_arguments():
    data = make_data()
    with pytest.raises(ValueError, match=r'k must be from 1 to .* of the class, \d+, got 151'):
        low_shot_svm(*data, k=151)
    with pytest.raises(ValueError, match=r'k must be from 1 to .* got 0'):
        low_shot_svm(*data, k=0)
    with pytest.raises(ValueError, match='draws must be at least 1, got 0'):
        low_shot_svm(*data, k=1, draws=0)
    with pytest.raises(ValueError, match=r'at least one negative \(0\), got none'):
        sample_rows(torch.tensor([1, 1, -1]), 1, 20, 'a')
    with pytest.raises(ValueError, match="'held_out' or 'test', got 'train'"):
        choose_low_shot([record([[0.1, 0.2]], [[0.1, 0.2]])], select='train')
    with pytest.raises(ValueError, match='of one k, .* got 2 kinds in 2 records'):
        choose_low_shot([record([None], [[0.1, 0.2]]), record([None], [[0.1, 0.2]], k=2)])
    with pytest.raises(ValueError, match='of one k, .* got 0 kinds in 0 records'):
        choose_low_shot([])
    train, train_targets, test, test_targets = data
    with pytest.raises(ValueError, match='train must be finite'):
        low_shot_svm(train * torch.inf, train_targets, test, test_targets, k=1)
