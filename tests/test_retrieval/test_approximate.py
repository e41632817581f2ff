"""Approximate search has the recall that it reports."""

import sys

import pytest
import torch

from npid_mm.retrieval import ImageRetriever, approximate, build_approximate
from npid_mm.retrieval.approximate import ApproximateSearch
from npid_mm.retrieval.index.entries import Entry
from npid_mm.retrieval.index.feature_index import FeatureIndex
from tests.toy import INDEX_ABOUT, unit_rows


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An index of 2,000 rows around 40 directions, with the smallest size reduced."""
    monkeypatch.setattr(approximate, 'MIN_ROWS', 1000)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 11)
    index = FeatureIndex.create(tmp_path / 'index', {}, INDEX_ABOUT | dict(dtype='float16', dim=16))
    rows = unit_rows(40, 16).repeat(50, 1) + 0.2 * unit_rows(2000, 16, seed=1)
    rows = torch.nn.functional.normalize(rows)
    index.append(rows, [Entry(f'{number}.jpg', None) for number in range(2000)])
    return index


def recall(index, query, exclude=None):
    """Share of the ten nearest rows (in float64) that are found."""
    truth = query.double() @ index.rows.double().t()
    if exclude is not None:
        truth[torch.arange(len(query)), exclude] = -2
    expected = truth.topk(10, dim=1).indices
    found = ApproximateSearch(index)(query, 11)[1]
    return (expected[:, :, None] == found[:, None, :]).any(2).double().mean().item()


def test_the_reported_recall_is_that_of_the_searches(index):
    """Measured on all rows instead of a sample."""
    about = build_approximate(index)
    assert about['recall'] >= approximate.TARGET and about['rows'] == 2000
    assert 1 <= about['probes'] < about['lists'] == round(4 * 2000**0.5)
    everything = torch.arange(2000)
    found = recall(index, index.rows.float(), everything)
    assert found == pytest.approx(about['recall'], abs=0.02)


def test_similarities_are_those_of_the_rows(index):
    build_approximate(index)
    query = unit_rows(6, 16, seed=2)
    similarity, found = ApproximateSearch(index)(query, 5)
    exact = torch.gather(query @ index.rows.float().t(), 1, found)
    torch.testing.assert_close(similarity, exact, rtol=0, atol=2e-3)


def test_reading_one_list_lowers_the_recall(index, monkeypatch):
    monkeypatch.setattr(approximate, 'TARGET', 0.0)
    about = build_approximate(index)
    assert about['probes'] == 1 and about['recall'] < 0.95


def test_a_grown_index_needs_new_lists(index):
    build_approximate(index)
    index.append(unit_rows(5, 16, seed=3), [Entry(f'new{i}.jpg', None) for i in range(5)])
    with pytest.raises(ValueError, match='hold 2000 rows, the index has 2005 by now'):
        ApproximateSearch(index)
    build_approximate(index)
    new = index.rows[2003:2004].float()
    assert ApproximateSearch(index)(new, 1)[1].tolist() == [[2003]]


def test_small_indexes_are_refused(index, monkeypatch):
    monkeypatch.setattr(approximate, 'MIN_ROWS', 100_000)
    with pytest.raises(ValueError, match='at least 100,000 rows, got 2,000'):
        build_approximate(index)


def test_missing_lists_and_a_missing_faiss_are_named(index, monkeypatch):
    with pytest.raises(FileNotFoundError, match='make them with npid retrieve approximate'):
        ApproximateSearch(index)
    monkeypatch.setitem(sys.modules, 'faiss', None)
    with pytest.raises(ImportError, match=r"(?s)faiss-cpu, which is not.*'npid-mm\[search\]'"):
        build_approximate(index)


@pytest.mark.slow
def test_the_retriever_searches_the_lists(digits_index, digits, monkeypatch, tmp_path):
    """And reports their recall."""
    monkeypatch.setattr(approximate, 'MIN_ROWS', 100)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 4)
    copy = FeatureIndex.create(
        tmp_path / 'copy',
        digits_index.meta['config'],
        {
            key: value
            for key, value in digits_index.meta.items()
            if key not in ('classes', 'blocks')
        },
    )
    copy.append(digits_index.rows.float(), list(digits_index.entries()))
    about = build_approximate(copy)
    retriever = ImageRetriever(copy, approximate=True)
    assert retriever.recall == about['recall'] >= approximate.TARGET
    results = retriever(str(digits / 'train/3'), top_k=5)
    exact = ImageRetriever(copy)(str(digits / 'train/3'), top_k=5)
    same = [
        len({each['index'] for each in a['neighbors']} & {each['index'] for each in b['neighbors']})
        for a, b in zip(results, exact, strict=True)
    ]
    assert sum(same) > 0.85 * 5 * len(same)
    assert ImageRetriever(copy).recall == 1.0
