"""Weighted kNN compared with plain loops and scikit-learn."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from npid_mm.evaluation import leave_one_out_knn, weighted_knn, weighted_vote
from npid_mm.evaluation.functional import knn


def make_data(queries, length, classes, seed=0, columns=6):
    """Unit rows around a direction of their class; every class occurs."""
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(classes, columns, generator=generator)
    query = centers[torch.arange(queries) % classes]
    labels = torch.arange(length) % classes
    noise = torch.randn(queries + length, columns, generator=generator)
    rows = torch.cat([query, centers[labels]]) + noise
    query, bank = torch.nn.functional.normalize(rows, dim=1).split([queries, length])
    return query, bank, labels


def loop_scores(query, bank, labels, k, temperature, classes):
    """The paper's formula, one vote at a time in float64."""
    scores = np.zeros((len(query), classes))
    for row, similarity in enumerate((query.double() @ bank.double().T).tolist()):
        for i in sorted(range(len(bank)), key=lambda i: -similarity[i])[:k]:
            scores[row, labels[i]] += math.exp(similarity[i] / temperature)
    return torch.from_numpy(scores)


@pytest.mark.parametrize(
    'queries, length, classes, k, temperature',
    [(1, 1, 1, 1, 0.07), (1, 30, 2, 5, 0.07), (7, 50, 2, 200, 0.5), (10, 120, 12, 20, 0.1)],
)
def test_scores_equal_the_papers_formula(queries, length, classes, k, temperature):
    """One query, two classes, K above N."""
    query, bank, labels = make_data(queries, length, classes)
    scores = weighted_knn(query, bank, labels, k, temperature)
    expected = loop_scores(query, bank, labels, k, temperature, classes)
    torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=0)


def test_accuracy_at_several_k_is_that_of_a_plain_loop():
    """Top-1 and top-5 at the K of MMSelfSup's protocol, from one search."""
    query, bank, labels = make_data(150, 1200, 30, columns=12)
    targets = torch.arange(150) % 30
    found = weighted_knn(query, bank, labels, (10, 20, 100, 200), 0.07)
    accuracies = set()
    for k, scores in found.items():
        expected = loop_scores(query, bank, labels, k, 0.07, 30)
        torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=0)
        for top in (1, 5):
            shares = [
                sum(
                    int(target) in sorted(range(30), key=lambda c: -float(row[c]))[:top]
                    for row, target in zip(each, targets, strict=True)
                )
                for each in (scores, expected)
            ]
            assert shares[0] == shares[1]
            accuracies.add((top, shares[0]))
    assert len(accuracies) > 5  # not all right, nor all wrong


def test_equals_scikit_learn_with_the_same_weights():
    query, bank, labels = make_data(40, 600, 5)
    scores = weighted_knn(query, bank, labels, 15, 0.07)
    peer = KNeighborsClassifier(
        15, metric='cosine', weights=lambda distance: np.exp((1 - distance) / 0.07)
    )
    peer.fit(bank.double(), labels)
    expected = torch.from_numpy(peer.predict_proba(query.double()))
    torch.testing.assert_close(
        (scores / scores.sum(1, keepdim=True)).double(), expected, rtol=1e-3, atol=1e-6
    )


def test_several_k_are_the_single_answers_from_one_search(monkeypatch):
    query, bank, labels = make_data(9, 100, 4)
    single = {k: weighted_knn(query, bank, labels, k) for k in (20, 1, 300)}
    searches = []
    search = knn.nearest_neighbors
    monkeypatch.setattr(
        knn, 'nearest_neighbors', lambda *args: searches.append(args) or search(*args)
    )
    scores = weighted_knn(query, bank, labels, (20, 1, 300))
    assert len(searches) == 1
    assert list(scores) == [20, 1, 300]
    for k, expected in single.items():
        torch.testing.assert_close(scores[k], expected)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float64])
def test_bank_of_another_dtype(dtype):
    query, bank, labels = make_data(5, 60, 3)
    bank = bank.to(dtype)
    scores = weighted_knn(query, bank, labels, 10)
    expected = loop_scores(query, bank, labels, 10, 0.07, 3)
    torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=0)


def test_num_classes_adds_empty_classes():
    query, bank, labels = make_data(3, 20, 2)
    scores = weighted_knn(query, bank, labels, 5, num_classes=7)
    assert scores.shape == (3, 7)
    assert not scores[:, 2:].any()


def test_missing_neighbors_have_no_vote():
    """A process with fewer rows than K pads its answer with -inf."""
    similarity = torch.tensor([[0.5, -math.inf]])
    scores = weighted_vote(similarity, torch.tensor([[1, 0]]), 2, 0.07, 2)
    torch.testing.assert_close(scores, torch.tensor([[0.0, math.exp(0.5 / 0.07)]]))


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(k=0), 'k must be at least 1, got 0'),
        (dict(k=(5, -2)), 'k must be at least 1, got -2'),
        (dict(k=()), 'k must name at least one'),
        (dict(temperature=0), 'temperature must be > 0, got 0'),
        (
            dict(temperature=0.01),
            r'temperature must be at least 0\.01\d+, .* torch.float32, got 0.01',
        ),
        (dict(labels=torch.zeros(19).long()), r'labels of shape \(19,\) for 20 bank rows'),
        (dict(labels=torch.zeros(20, 2).long()), r'labels of shape \(20, 2\) for 20 bank rows'),
        (dict(labels=torch.arange(20) - 1), r'in \[0, num_classes\) = \[0, 19\), got .* -1 to 18'),
        (dict(num_classes=1), r'in \[0, num_classes\) = \[0, 1\), got values from 0 to 1'),
        (dict(labels=torch.zeros(20)), 'labels must be integers, got torch.float32'),
    ],
)
def test_invalid_arguments(change, message):
    query, bank, labels = make_data(3, 20, 2)
    with pytest.raises(ValueError, match=message):
        weighted_knn(**(dict(query=query, bank=bank, labels=labels, k=5) | change))


def test_invalid_arguments_of_the_vote():
    similarity, labels = torch.ones(2, 3), torch.tensor([[0, 1, 2], [0, 0, 5]])
    with pytest.raises(ValueError, match=r'\[0, 3\), got values from 0 to 5'):
        weighted_vote(similarity, labels, 3, 0.07, 3)
    with pytest.raises(ValueError, match=r'got \(2, 3\) and \(2, 2\)'):
        weighted_vote(similarity, labels[:, :2], 3, 0.07, 6)
    with pytest.raises(ValueError, match='overflows torch.float32, got 0.07'):
        weighted_vote(100 * similarity, labels, 3, 0.07, 6)


def loop_leave_one_out(bank, labels, k, temperature, queries):
    right = 0
    for row in queries:
        others = [i for i in range(len(bank)) if i != row]
        scores = loop_scores(
            bank[row : row + 1], bank[others], labels[others], k, temperature, int(labels.max()) + 1
        )
        right += int(scores.argmax()) == int(labels[row])
    return right / len(queries)


@pytest.mark.parametrize(
    'k, dtype', [(1, torch.float32), (7, torch.bfloat16), (500, torch.float32)]
)
def test_leave_one_out_equals_a_loop(k, dtype, monkeypatch):
    """All rows in several chunks, then chosen ones."""
    monkeypatch.setattr(knn, 'QUERIES_AT_ONCE', 16)
    _, bank, labels = make_data(0, 75, 4)
    bank = bank.to(dtype)
    everyone = range(75)
    assert leave_one_out_knn(bank, labels, k) == loop_leave_one_out(bank, labels, k, 0.07, everyone)
    chosen = [70, 3, 3, 12]
    accuracy = leave_one_out_knn(bank, labels, k, queries=torch.tensor(chosen))
    assert accuracy == loop_leave_one_out(bank, labels, k, 0.07, chosen)


def test_leave_one_out_keeps_copies_of_a_row():
    """Of five equal rows, each is classified by the four others and never by itself."""
    bank = torch.nn.functional.normalize(torch.ones(5, 4), dim=1)
    # k=1: row 1 classifies row 0, and row 0, of the other class, classifies all others
    assert leave_one_out_knn(bank, torch.tensor([0, 1, 1, 1, 1]), 1) == 0
    # k=2: rows 0 and 1 get a tie, hence the lower class, theirs; they classify the others wrongly
    assert leave_one_out_knn(bank, torch.tensor([0, 0, 1, 1, 1]), 2) == 2 / 5
    assert leave_one_out_knn(bank, torch.tensor([0, 0, 0, 0, 0]), 4) == 1


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(bank=torch.ones(1, 4), labels=torch.zeros(1).long()), 'at least 2 rows, got 1'),
        (dict(labels=torch.zeros(4).long()), r'labels of shape \(4,\) for 5 bank rows'),
        (dict(labels=-torch.ones(5).long()), 'got values from -1 to -1'),
        (dict(queries=torch.tensor([5])), r'queries must be indices in \[0, 5\) .*, got \[5\]'),
        (dict(queries=torch.tensor([]).long()), r'at least one, got \[\]'),
        (dict(k=0), 'k must be at least 1, got 0'),
        (dict(temperature=0.0), 'temperature must be > 0, got 0.0'),
    ],
)
def test_leave_one_out_invalid_arguments(change, message):
    arguments = dict(bank=torch.ones(5, 4), labels=torch.zeros(5).long(), k=2)
    with pytest.raises(ValueError, match=message):
        leave_one_out_knn(**(arguments | change))
