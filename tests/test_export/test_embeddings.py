"""Files of embeddings: what is written is what is read, here and by other libraries."""

import csv

import numpy as np
import pytest

from npid_mm import Embeddings

ENDINGS = ('npz', 'parquet', 'csv')


@pytest.fixture
def embeddings():
    """Three unit rows, with a name that needs quotes, a missing label and odd letters."""
    vectors = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    paths = ['/a/one.jpg', '/a/two, "2".jpg', '/b/Übung 3.png']
    return Embeddings(paths, vectors, ['cat', None, 'dog'], {'/a/broken.jpg': 'it is empty'})


def same(one, other):
    assert one.paths == other.paths and one.labels == other.labels
    assert one.vectors.dtype == np.float32 and np.array_equal(one.vectors, other.vectors)


@pytest.mark.parametrize('ending', ENDINGS)
def test_files_return_what_was_written(embeddings, tmp_path, ending):
    for labels in (embeddings.labels, None):
        embeddings.labels = labels
        embeddings.save(tmp_path / f'new/x.{ending}')  # the second time replaces the file
        same(Embeddings.load(tmp_path / f'new/x.{ending}'), embeddings)
    assert [path.name for path in (tmp_path / 'new').iterdir()] == [f'x.{ending}']


@pytest.mark.parametrize('ending', ENDINGS)
def test_no_image_is_no_special_case(tmp_path, ending):
    Embeddings([], np.empty((0, 4), np.float32)).save(tmp_path / f'x.{ending}')
    assert Embeddings.load(tmp_path / f'x.{ending}').paths == []


def test_numpy_reads_npz_without_pickle(embeddings, tmp_path):
    embeddings.save(tmp_path / 'x.npz')
    with np.load(tmp_path / 'x.npz') as arrays:
        assert set(arrays) == {'paths', 'vectors', 'labels'}
        assert arrays['labels'].tolist() == ['cat', '', 'dog']


def test_pyarrow_reads_the_columns_of_parquet(embeddings, tmp_path):
    embeddings.save(tmp_path / 'x.parquet')
    table = pytest.importorskip('pyarrow.parquet').read_table(tmp_path / 'x.parquet')
    assert [(each.name, str(each.type)) for each in table.schema] == [
        ('path', 'string'),
        ('label', 'string'),
        ('vector', 'list<element: float>'),
    ]
    assert table['label'].to_pylist() == ['cat', None, 'dog']
    assert np.array_equal(np.array(table['vector'].to_pylist(), np.float32), embeddings.vectors)


def test_the_csv_has_every_digit(embeddings, tmp_path):
    embeddings.save(tmp_path / 'x.csv')
    with open(tmp_path / 'x.csv', newline='', encoding='utf-8') as file:
        header, *rows = csv.reader(file)
    assert header == ['path', 'label', 'v0', 'v1', 'v2', 'v3', 'v4']
    assert np.array_equal(np.array([row[2:] for row in rows], np.float32), embeddings.vectors)


def test_a_file_of_another_kind_stays_unless_forced(embeddings, tmp_path):
    for ending in ENDINGS:
        path = tmp_path / f'x.{ending}'
        path.write_bytes(b'my notes')
        with pytest.raises(FileExistsError, match='is not a file of embeddings: name another file'):
            embeddings.save(path)
        assert path.read_bytes() == b'my notes'
        embeddings.save(path, force=True)
        same(Embeddings.load(path), embeddings)


def test_other_endings_are_refused(embeddings, tmp_path):
    with pytest.raises(
        ValueError, match=r'out must end in \.npz or \.parquet or \.csv, got .*x\.h5'
    ):
        embeddings.save(tmp_path / 'x.h5')
    with pytest.raises(
        ValueError, match=r'path must end in \.npz or \.parquet or \.csv, got x\.py'
    ):
        Embeddings.load('x.py')
    with pytest.raises(FileNotFoundError, match=r'none is at x\.npz'):
        Embeddings.load('x.npz')


@pytest.mark.parametrize('ending', ENDINGS)
@pytest.mark.parametrize(
    'content', [b'', b'path,v0\na\n', b'PK\x03\x04', b'PAR1', b'\x80\x04K\x01.']
)
def test_other_content_is_refused(tmp_path, ending, content):
    path = tmp_path / f'x.{ending}'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf'x\.{ending} is not a file of embeddings'):
        Embeddings.load(path)


def test_pickles_in_npz_are_not_loaded(tmp_path):
    np.savez(tmp_path / 'x.npz', paths=np.array([{}], object), vectors=np.zeros((1, 2)))
    with pytest.raises(ValueError, match='Object arrays cannot be loaded'):
        Embeddings.load(tmp_path / 'x.npz')


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r'a row for each of the 2 paths, got \(3, 4\)'):
        Embeddings(['a', 'b'], np.zeros((3, 4)))
    with pytest.raises(ValueError, match='one for each of the 2 paths, got 1'):
        Embeddings(['a', 'b'], np.zeros((2, 4)), ['x'])
