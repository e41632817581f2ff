"""The comparison of kNN with MMSelfSup, which must detect a difference."""

import importlib
import sys

import pytest
import torch

from tests.toy import ROOT, unit_rows


@pytest.fixture
def knn(monkeypatch):
    """benchmarks/knn.py with fewer classes and values of K."""
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    module = importlib.import_module('knn')
    monkeypatch.setattr(module, 'CLASSES', 12)
    monkeypatch.setattr(module, 'COMPARED', (3, 40))
    yield module
    for name in ('knn', 'peer_process'):
        del sys.modules[name]


class Peer:
    """The protocol in float64, one query at a time; classes without a vote come last."""

    def __init__(self, data, error=0.0):
        self.data = data
        self.error = error

    def ask(self, k):
        similarity = self.data['query'].double() @ self.data['bank'].double().T
        places = []
        for row, target in zip(similarity, self.data['targets'], strict=True):
            votes = torch.zeros(12, dtype=torch.float64)
            for i in row.argsort(descending=True)[:k]:
                votes[self.data['labels'][i]] += (row[i] / 0.07).exp()
            places.append(votes.argsort(descending=True, stable=True).tolist().index(int(target)))
        share = {
            str(top): 100 * sum(place < top for place in places) / len(places) for top in (1, 5)
        }
        share['5'] += self.error if k == 40 else 0
        return dict(accuracy=share)


@pytest.fixture
def data():
    """100 queries, whose classes their neighbors partly share."""
    centers = unit_rows(12, 6)
    targets, labels = torch.arange(100) % 12, torch.arange(300) % 12
    noise = unit_rows(400, 6, seed=1)
    rows = torch.nn.functional.normalize(torch.cat([centers[targets], centers[labels]]) + noise)
    return dict(query=rows[:100], bank=rows[100:], targets=targets, labels=labels)


def test_equal_accuracies_pass_and_are_printed(knn, data, capsys):
    knn.compare(data, Peer(data))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(':')[0] for line in lines] == [
        f'top-{top} at K={k}' for k in (3, 40) for top in (1, 5)
    ]


@pytest.mark.parametrize('error', [1.0, -1.0])
def test_a_difference_of_one_query_is_an_error(knn, data, error):
    with pytest.raises(SystemExit, match='top-5 at K=40 is not that of mmselfsup'):
        knn.compare(data, Peer(data, error))


def test_undecided_queries_give_a_range(knn):
    """Right, wrong, tied with the last that counts, and without a vote for either."""
    scores = torch.tensor([[3.0, 1.0, 0.0], [1.0, 3.0, 0.0], [2.0, 2.0, 0.0], [2.0, 0.0, 0.0]])
    assert knn.bounds(scores, torch.tensor([0, 0, 0, 2]), 1) == (25.0, 50.0)
    assert knn.bounds(scores, torch.tensor([0, 0, 0, 2]), 2) == (75.0, 100.0)
