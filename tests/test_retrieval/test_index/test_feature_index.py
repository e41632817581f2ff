"""The files of an index, after interruptions and damage too."""

import numpy as np
import pytest
import torch

from npid_mm.retrieval.index import metadata
from npid_mm.retrieval.index.entries import Entry
from npid_mm.retrieval.index.feature_index import FeatureIndex
from npid_mm.retrieval.index.metadata import MAX_ENTRIES
from tests.toy import INDEX_ABOUT, unit_rows

ABOUT = INDEX_ABOUT | dict(dtype='float32', dim=8)


# twice the rounding error of numbers below 1
STEPS = {'bfloat16': 8e-3, 'float16': 1e-3, 'float32': 0}


def entries(count, first=0):
    return [Entry(f'/images/{first + i}.jpg', 'even' if i % 2 == 0 else None) for i in range(count)]


def create(folder, **change):
    return FeatureIndex.create(folder, {}, ABOUT | change)


def as_written_before(folder):
    """Rewrite an index without rows as one of format 2, with rows in bfloat16."""
    meta = FeatureIndex(folder).meta | dict(format=2, dtype='bfloat16')
    metadata.write_metadata(folder, meta)
    return FeatureIndex(folder)


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16', 'float32'])
def test_rows_and_entries_come_back(tmp_path, dtype):
    """bfloat16 is for indexes of an earlier version, which are read and extended."""
    index = create(tmp_path / 'new' / 'index', dtype='float16' if dtype == 'bfloat16' else dtype)
    if dtype == 'bfloat16':
        index = as_written_before(index.folder)
    rows = unit_rows(7, 8)
    index.append(rows[:4], entries(4))
    index.append(rows[4:], entries(3, first=4))
    for each in (index, FeatureIndex(index.folder)):
        assert len(each) == 7 and each.dim == 8 and each.classes == ['even']
        torch.testing.assert_close(each.rows.float(), rows, rtol=0, atol=STEPS[dtype])
        assert each.dtype == getattr(torch, dtype)
        assert np.array_equal(each.float32_rows([5, 2]), each.rows[[5, 2]].float())
        assert list(each.entries()) == [each[i] for i in range(7)] == entries(4) + entries(3, 4)
    size = {'bfloat16': 2, 'float16': 2, 'float32': 4}[dtype]
    name, header = ('rows.bin', 0) if dtype == 'bfloat16' else ('rows.npy', 128)
    assert (index.folder / name).stat().st_size == header + 7 * 8 * size


def test_numpy_reads_the_rows(tmp_path):
    """After each block."""
    index = create(tmp_path, dtype='float16')
    for number in (1, 2):
        index.append(unit_rows(4, 8, seed=number), entries(4, first=4 * number - 4))
        for mode in (None, 'r'):
            rows = np.load(tmp_path / 'rows.npy', mmap_mode=mode)
            assert rows.dtype == np.float16 and np.array_equal(rows, index.array)
    assert index.array.flags.aligned and len(rows) == 8


def test_an_index_without_rows_opens(tmp_path):
    assert create(tmp_path).rows.shape == (0, 8)
    assert len(FeatureIndex(tmp_path)) == 0


@pytest.mark.parametrize('name', ['rows.npy', 'entries.bin'])
def test_half_a_block_of_a_killed_writer_is_ignored(tmp_path, name):
    """And overwritten by the next block."""
    index = create(tmp_path)
    index.append(unit_rows(4, 8), entries(4))
    with open(tmp_path / name, 'ab') as file:
        file.write(b'half a block')
    index = FeatureIndex(tmp_path)
    assert torch.equal(index.rows, unit_rows(4, 8))
    index.append(unit_rows(3, 8, seed=1), entries(3, first=4))
    again = FeatureIndex(tmp_path)
    assert torch.equal(again.rows, torch.cat([unit_rows(4, 8), unit_rows(3, 8, seed=1)]))
    assert list(again.entries()) == entries(4) + entries(3, 4)


def test_a_writer_killed_before_index_json_leaves_the_old_index(tmp_path, monkeypatch):
    index = create(tmp_path)
    index.append(unit_rows(4, 8), entries(4))

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(metadata, 'write_atomic', die)
        index.append(unit_rows(3, 8, seed=1), entries(3, first=4))
    again = FeatureIndex(tmp_path)
    assert torch.equal(again.rows, unit_rows(4, 8)) and list(again.entries()) == entries(4)


def test_an_open_index_keeps_its_rows_while_another_process_adds(tmp_path):
    create(tmp_path).append(unit_rows(4, 8), entries(4))
    reader, writer = FeatureIndex(tmp_path), FeatureIndex(tmp_path)
    writer.append(unit_rows(600, 8, seed=1), entries(600, first=4))
    assert torch.equal(reader.rows, unit_rows(4, 8)) and list(reader.entries()) == entries(4)


def test_a_folder_of_other_files_is_refused_and_unchanged(tmp_path):
    (tmp_path / 'photo.jpg').write_bytes(b'mine')
    with pytest.raises(FileExistsError, match='an index or an empty folder, but it holds other'):
        create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['photo.jpg']


def test_incompatible_rows_are_refused(tmp_path):
    index = create(tmp_path)
    index.check_compatible(ABOUT)
    for key, value in (
        ('network', 'c3'),
        ('feature', 'backbone'),
        ('dtype', 'float16'),
        ('dim', 9),
        ('size', [16, 18]),
        ('preprocessing', {'pipeline': ['x' * 200]}),
    ):
        with pytest.raises(ValueError, match=f'is an index of another {key}: it has .*, got'):
            index.check_compatible(ABOUT | {key: value})


def test_rows_that_are_not_finite_or_of_unit_length_are_refused(tmp_path):
    index, rows = create(tmp_path), unit_rows(3, 8)
    rows[1, 2] = torch.nan
    with pytest.raises(ValueError, match='must be finite, but that of /images/1.jpg is not'):
        index.append(rows, entries(3))
    for wrong in (0, 2):
        rows[1] = wrong * unit_rows(1, 8)[0]
        with pytest.raises(ValueError, match='must have unit length, but that of /images/1.jpg is'):
            index.append(rows, entries(3))
    for bad in (unit_rows(3, 7), unit_rows(2, 8), unit_rows(1, 8)[:0]):
        with pytest.raises(ValueError, match=r'rows must be \(n, 8\) for n entries'):
            index.append(bad, entries(3))
    assert len(FeatureIndex(tmp_path)) == 0


def test_damage_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='no index at .*npid index CONFIG'):
        FeatureIndex(tmp_path)
    create(tmp_path).append(unit_rows(4, 8), entries(4))
    rows = (tmp_path / 'rows.npy').read_bytes()
    (tmp_path / 'rows.npy').write_bytes(rows[:100])
    with pytest.raises(ValueError, match='rows.npy is damaged: it has 100 of 256 bytes'):
        FeatureIndex(tmp_path)


@pytest.mark.parametrize('name', ['index.json', 'rows.npy', 'entries.bin'])
def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path, name):
    """One bit in every third byte of the files; no such index can be used."""
    create(tmp_path).append(unit_rows(4, 8), entries(4))
    whole = (tmp_path / name).read_bytes()
    for position in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        (tmp_path / name).write_bytes(flipped)
        with pytest.raises((ValueError, PermissionError)):
            index = FeatureIndex(tmp_path)
            index.check_trusted(False)
            assert index.rows is not None and list(index.entries())
    (tmp_path / name).write_bytes(whole)
    assert torch.equal(FeatureIndex(tmp_path).rows, unit_rows(4, 8))


def test_the_block_of_a_zeroed_row_is_named(tmp_path):
    index = create(tmp_path)
    for first in (0, 4, 8):
        index.append(unit_rows(4, 8, seed=first), entries(4, first=first))
    assert index.rows.shape == (12, 8)
    with open(tmp_path / 'rows.npy', 'r+b') as file:
        file.seek(128 + 5 * 32)
        file.write(bytes(32))
    index = FeatureIndex(tmp_path)
    for _ in range(2):  # and not only the first time
        with pytest.raises(ValueError, match='rows.npy is damaged: rows 4 to 7 are not those'):
            index.rows  # noqa: B018
    assert list(index.entries()) == entries(12)


def test_many_rows_are_split_into_blocks_that_can_be_read(tmp_path):
    index = create(tmp_path)
    index.append(unit_rows(MAX_ENTRIES + 5, 8), entries(MAX_ENTRIES + 5))
    assert [count for count, *_ in index.meta['blocks']] == [MAX_ENTRIES, 5]
    assert FeatureIndex(tmp_path)[MAX_ENTRIES + 4] == entries(1, MAX_ENTRIES + 4)[0]
