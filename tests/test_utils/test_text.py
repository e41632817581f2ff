"""Tests of short descriptions for messages."""

import pytest
import torch

from npid_mm.utils.text import describe, pluralize, preview, suggestion


@pytest.mark.parametrize(
    ('names', 'expected'),
    [
        ([], ''),
        ('abcde', 'a, b, c, d, e'),
        ('abcdefg', 'a, b, c, d, e and 2 more'),
        ({'x' * 101: 1}, 'x' * 100 + '...'),
        ([1, None], '1, None'),
    ],
)
def test_preview(names, expected):
    assert preview(names) == expected


def test_pluralize():
    assert [pluralize(n, 'image') for n in (1, 1000)] == ['1 image', '1,000 images']


def test_a_description_is_short_and_ends():
    cyclic = []
    cyclic.append(cyclic)
    assert describe(cyclic) == 'an object of the type list'
    assert describe(7) == '7' and describe(torch.float32) == 'torch.float32'
    assert len(describe('a' * 1000)) < 50
    assert len(describe(type('N' * 1000, (), {})())) < 70


def test_suggestion_names_what_is_close():
    assert suggestion('lrr', ['lr', 'momentum'], 'no', prefix='a.') == 'did you mean a.lr?'
    assert suggestion('steps', ['lr', 'momentum'], 'no') == 'no'
