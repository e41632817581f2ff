"""Tests of the hashes of files and weights."""

import io

import pytest
import torch

from npid_mm.utils import hashing
from npid_mm.utils.hashing import file_sha256, weights_digest

STATE = {'a': torch.arange(4.0), 'b': torch.tensor(3)}


@pytest.mark.parametrize('chunk', [1 << 20, 2])
def test_a_file_has_the_published_sha256(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(hashing, 'CHUNK', chunk)
    (tmp_path / 'file').write_bytes(b'abc')
    expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert file_sha256(tmp_path / 'file') == file_sha256(io.BytesIO(b'abc')) == expected


def test_equal_weights_have_one_digest_in_any_order_and_layout():
    other = {'b': torch.tensor(3), 'a': torch.arange(4.0).repeat_interleave(2)[::2]}
    assert not other['a'].is_contiguous()
    assert weights_digest(STATE) == weights_digest(other)


@pytest.mark.parametrize(
    'other',
    [
        {'a': torch.arange(4.0)},
        {'a': torch.arange(4.0), 'c': torch.tensor(3)},
        {'a': torch.arange(4.0).view(2, 2), 'b': torch.tensor(3)},
        {'a': torch.arange(4.0), 'b': torch.tensor(3, dtype=torch.int32)},
        {'a': torch.arange(4.0), 'b': torch.tensor(2)},
    ],
)
def test_other_weights_have_another_digest(other):
    assert weights_digest(STATE) != weights_digest(other)


def test_settings_count():
    digests = {weights_digest(STATE, *each) for each in [(), (1,), ('1',), (dict(a=torch.long),)]}
    assert len(digests) == 4
