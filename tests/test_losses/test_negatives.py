"""Negatives are uniform, never the own row, and repeatable."""

import pytest
import torch
from scipy.stats import chisquare

from npid_mm.losses import draw_negatives


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_draws_are_uniform():
    draws = draw_negatives(50, 400, 11, generator=generator())
    assert draws.shape == (50, 400) and draws.dtype == torch.int64
    assert chisquare(torch.bincount(draws.flatten(), minlength=11)).pvalue > 0.01


@pytest.mark.parametrize('own', [0, 4, 10])
def test_draws_are_uniform_over_the_other_rows(own):
    """First, middle and last row: the shift by one must neither skip nor repeat a row."""
    draws = draw_negatives(50, 400, 11, exclude=torch.full((50,), own), generator=generator(own))
    counts = torch.bincount(draws.flatten(), minlength=11).tolist()
    assert counts.pop(own) == 0
    assert chisquare(counts).pvalue > 0.01


def test_each_sample_is_kept_from_its_own_row():
    exclude = torch.arange(7)
    draws = draw_negatives(7, 500, 7, exclude=exclude, generator=generator())
    assert not (draws == exclude[:, None]).any()
    assert all(row.unique().numel() == 6 for row in draws)


def test_same_generator_same_draws():
    first, second = (draw_negatives(3, 5, 1000, generator=generator(1)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, draw_negatives(3, 5, 1000, generator=generator(2)))


def test_int32_exclude_still_gives_int64():
    draws = draw_negatives(2, 3, 2, exclude=torch.tensor([0, 1], dtype=torch.int32))
    assert draws.dtype == torch.int64
    assert draws.tolist() == [[1, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(batch=0), 'batch must be at least 1, got 0'),
        (dict(num=0), 'num must be at least 1, got 0'),
        (dict(length=0), 'length must be at least 1, got 0'),
        (dict(length=1, exclude=torch.zeros(2).long()), 'one instance has no other, got 1'),
        (
            dict(exclude=torch.zeros(3).long()),
            r'exclude must have shape \(B,\) = \(2,\), got \(3,\)',
        ),
        (dict(exclude=torch.zeros(2)), 'exclude must be int64 or int32, got torch.float32'),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_negatives(**{**dict(batch=2, num=3, length=5), **arguments})


@pytest.mark.parametrize('wrong', [-1, 5])
def test_exclude_out_of_range(wrong):
    with pytest.raises(IndexError, match=f'exclude must be between 0 and 4, got {wrong}'):
        draw_negatives(2, 3, 5, exclude=torch.tensor([0, wrong]))
