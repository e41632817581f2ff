"""Search by the encoder in an index: the results of torch, in a process without it."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from npid_mm.images import UnreadableImageError
from npid_mm.retrieval import FeatureIndex, ImageRetriever, IndexSearch, build_index, search_index
from npid_mm.retrieval.index.metadata import write_metadata
from npid_mm.retrieval.index_search import NoEncoderError

pytestmark = pytest.mark.slow
NOT_IN_SEARCH = (
    *('torch', 'torchvision', 'kornia', 'sklearn', 'scipy', 'matplotlib', 'cv2', 'modelindex'),
    *('mmengine', 'mmcv', 'mmpretrain', 'yaml', 'onnx'),
)


@pytest.fixture(scope='module')
def search(digits_index):
    return IndexSearch(digits_index)


@pytest.fixture(scope='module')
def sent(digits_index, tmp_path_factory):
    """The index as another user finds it: without the signature, and without its checkpoint."""
    folder = tmp_path_factory.mktemp('sent') / 'index'
    shutil.copytree(digits_index.folder, folder)
    meta = json.loads((folder / 'index.json').read_text())
    (folder / 'index.json').write_text(json.dumps(meta | {'signature': ''}))
    return folder


def table(results, key):
    return np.array([[each[key] for each in result['neighbors']] for result in results])


def test_the_results_are_those_of_torch(search, digits_index, digits):
    """The ten neighbors of 200 images."""
    queries = [str(path) for path in sorted(digits.glob('train/*/*.png'))[::7]]
    ours, theirs = search(queries), ImageRetriever(digits_index)(queries)
    assert len(ours) > 200
    assert (table(ours, 'index') == table(theirs, 'index')).mean() >= 0.999
    assert np.abs(table(ours, 'similarity') - table(theirs, 'similarity')).max() <= 1e-4
    for key in ('query', 'label', 'error'):
        assert [each[key] for each in ours] == [each[key] for each in theirs]


def test_only_what_the_extra_search_installs_is_imported(digits_index, digits, tmp_path):
    """By the command, which also writes the page."""
    page, query = tmp_path / 'page.html', str(digits / 'val/3')
    words = ['search', str(digits_index.folder), query, '--k', '2', '--html', str(page)]
    code = (
        f'import sys; sys.modules.update(dict.fromkeys({NOT_IN_SEARCH!r})); '
        f'from npid_mm.cli.main import main; sys.exit(main({words!r}))'
    )
    command = [sys.executable, '-c', code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert page.is_file()
    assert printed.count('\n   2  0.') == len(list((digits / 'val/3').iterdir()))


def test_an_index_of_somebody_else_needs_no_trust(sent, search, digits):
    """Its encoder runs in a process of its own; torch would build its network, and asks."""
    assert not FeatureIndex(sent).trusted
    ours = search_index(sent, digits / 'val/5', k=3)
    np.testing.assert_array_equal(table(ours, 'index'), table(search(digits / 'val/5', 3), 'index'))
    with pytest.raises(PermissionError, match='was not made on this machine'):
        ImageRetriever(sent)


def test_unreadable_queries_have_the_reasons_of_torch(search, digits_index, digits, tmp_path):
    good = str(next((digits / 'val/3').iterdir()))
    (tmp_path / 'note.jpg').write_text('no image')
    queries = [tmp_path / 'note.jpg', tmp_path / 'missing.png', good, search._prepare(good)]
    ours, theirs = search(queries), ImageRetriever(digits_index)(queries)
    assert [each['error'] for each in ours] == [each['error'] for each in theirs]
    assert len(ours[3]['neighbors']) == 10
    with pytest.raises(ValueError, match=r'no query can be read:\n  cannot read .*note.jpg'):
        search(tmp_path / 'note.jpg', html=tmp_path / 'page.html')
    assert not (tmp_path / 'page.html').exists()


def test_an_index_without_an_encoder_gets_one_from_its_next_build(
    digits_run, few, tmp_path, monkeypatch, capsys
):
    arguments = (tmp_path / 'index', *digits_run, few)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, 'onnx', None)
        build_index(*arguments, num_workers=0)
    assert 'made without encoder.onnx, so searching it needs torch' in capsys.readouterr().err
    with pytest.raises(NoEncoderError, match='has no encoder.onnx, so searching it needs torch'):
        IndexSearch(tmp_path / 'index')
    assert len(ImageRetriever(tmp_path / 'index')(few)) == 10
    build_index(*arguments, num_workers=0)
    assert len(IndexSearch(tmp_path / 'index')(few)) == 10


def test_another_encoder_is_refused(sent, digits_index, tmp_path):
    """By its sha256, and by its features."""
    copy = tmp_path / 'index'
    shutil.copytree(digits_index.folder, copy)
    (copy / 'encoder.onnx').write_bytes((copy / 'encoder.onnx').read_bytes()[:-9])
    with pytest.raises(ValueError, match='encoder.onnx is missing or damaged'):
        IndexSearch(copy)
    write_metadata(copy, FeatureIndex(sent).meta | dict(size=[16, 18]))
    shutil.copy(sent / 'encoder.onnx', copy)
    with pytest.raises(ValueError, match='must be for images of the size of the index'):
        IndexSearch(copy)


def test_numbers_below_one_are_refused(search, digits):
    for name in ('top_k', 'batch_size', 'page_images'):
        with pytest.raises(ValueError, match=f'{name} must be at least 1, got 0'):
            search(digits / 'val', **{name: 0})


def test_errors_of_a_reader_are_those_of_the_package(search, tmp_path):
    (tmp_path / 'empty.png').touch()
    with pytest.raises(UnreadableImageError, match='the file is empty'):
        search._prepare(tmp_path / 'empty.png')
