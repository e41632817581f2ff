"""Results of a search with files, folders and arrays, and refused inputs."""

import shutil
from pathlib import Path

import mmcv
import pytest
import torch

from npid_mm.engine.inference import load_network
from npid_mm.retrieval import FeatureIndex, ImageRetriever, build_index
from npid_mm.retrieval.index.metadata import write_metadata

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def retriever(digits_index):
    return ImageRetriever(digits_index)


@pytest.fixture(scope='module')
def queries(digits):
    """One training digit of each class."""
    return [str(sorted((digits / 'train' / str(c)).iterdir())[0]) for c in range(10)]


def test_the_neighbors_are_those_of_a_sort_of_all_similarities(
    retriever, digits_index, digits_run, queries
):
    """With features from the network itself, and similarities in float64."""
    model = load_network(*digits_run)
    inputs = torch.stack([retriever.pipeline(path)['inputs'] for path in queries])
    with torch.no_grad():
        query = model.embed((inputs.float() - 127) / 64)
    similarity = query.double() @ digits_index.rows.double().t()
    truth, order = similarity.sort(dim=1, descending=True)
    results = retriever(queries, top_k=6, batch_size=4)
    assert [result['query'] for result in results] == queries
    for row, result in enumerate(results):
        found = result['neighbors']
        assert [each['index'] for each in found] == order[row, :6].tolist()
        assert [each['similarity'] for each in found] == pytest.approx(truth[row, :6], abs=1e-5)
        for each in found:
            assert digits_index[each['index']] == (each['path'], each['label'])
        assert result['label'] == str(row) and result['error'] is None


def test_files_arrays_and_folders_are_the_same_queries(retriever, queries, tmp_path):
    for number, path in enumerate(queries[:3]):
        shutil.copy(path, tmp_path / f'{number}.png')
    arrays = [mmcv.imread(path) for path in queries[:3]]

    def neighbors(inputs):
        return [result['neighbors'] for result in retriever(inputs, top_k=3, batch_size=3)]

    expected = neighbors(queries[:3])
    assert neighbors(arrays) == neighbors(tmp_path) == neighbors([tmp_path]) == expected
    single = [neighbors(Path(queries[0])), neighbors(queries[0]), neighbors(arrays[0])]
    assert [[each['index'] for each in one[0]] for one in single] == [
        [each['index'] for each in expected[0]]
    ] * 3
    assert retriever(arrays[0])[0]['query'] is None


def test_an_image_of_the_index_does_not_find_itself(retriever, digits_index):
    """An equal image in memory finds it, and the number of neighbors stays."""
    path = digits_index[7].path
    (result,) = retriever(path, top_k=4)
    assert len(result['neighbors']) == 4
    assert 7 not in [each['index'] for each in result['neighbors']]
    copy = mmcv.imread(path)
    assert retriever(copy, top_k=1)[0]['neighbors'][0]['index'] == 7


def test_an_image_is_the_same_through_any_link(digits_run, images, tmp_path):
    """Links in the indexed folder, to its images and to folders."""
    first, second, third = sorted((images / '4').iterdir())[:3]
    linked = tmp_path / 'linked'
    linked.mkdir()
    for path in (first, second, third):
        (linked / path.name).symlink_to(path)
    index, _ = build_index(tmp_path / 'index', *digits_run, linked, num_workers=0)
    assert [entry.path for entry in index.entries()] == [
        str(linked / path.name) for path in (first, second, third)
    ]
    (tmp_path / 'way').symlink_to(linked)
    retriever = ImageRetriever(index)
    for query in (first, linked / first.name, tmp_path / 'way' / first.name):
        (result,) = retriever(query, top_k=3)
        assert result['query'] == str(query)
        assert {each['index'] for each in result['neighbors']} == {1, 2}
    index, _ = build_index(tmp_path / 'index', *digits_run, images / '4', num_workers=0)
    paths = [entry.path for entry in index.entries()]
    assert len(paths) == len(list((images / '4').iterdir())) and str(first) not in paths


def test_more_neighbors_than_images_are_all_images(digits_run, images, tmp_path):
    folder = tmp_path / 'three'
    folder.mkdir()
    for path in sorted((images / '4').iterdir())[:3]:
        shutil.copy(path, folder)
    index, _ = build_index(tmp_path / 'index', *digits_run, folder, num_workers=0)
    results = ImageRetriever(index)([index[0].path, str(images / '5')], top_k=9)
    assert [len(result['neighbors']) for result in results] == [2] + [3] * (len(results) - 1)
    assert results[0]['label'] is None  # the index has no classes


def test_an_unreadable_query_is_named_and_the_others_are_answered(retriever, queries, tmp_path):
    note = tmp_path / 'note.jpg'
    note.write_text('no image')
    bad, missing, good = retriever([note, tmp_path / 'missing.png', queries[0]])
    assert bad['error'].startswith(f'cannot read {note}: ') and not bad['neighbors']
    assert 'missing.png' in missing['error'] and len(good['neighbors']) == 10
    with pytest.raises(ValueError, match=r'no query can be read:\n  cannot read .*note.jpg'):
        retriever(str(note), html=tmp_path / 'page.html')
    assert not (tmp_path / 'page.html').exists()


def test_the_index_stores_config_and_checkpoint(digits_index, digits_run, other_run, tmp_path):
    """A moved checkpoint is an argument; weights of another network are refused."""
    checkpoint = Path(digits_run[1])
    assert digits_index.meta['checkpoint'] == str(checkpoint)
    moved = tmp_path / 'moved'
    shutil.copytree(digits_index.folder, moved)
    write_metadata(moved, digits_index.meta | dict(checkpoint='/gone/epoch_1.pth'))
    with pytest.raises(FileNotFoundError, match='is not at /gone/epoch_1.pth: give its path'):
        ImageRetriever(moved)
    assert ImageRetriever(moved, checkpoint=str(checkpoint)).index.rows.shape == (355, 16)
    with pytest.raises(ValueError, match='is an index of another network'):
        ImageRetriever(digits_index, checkpoint=other_run)


def test_an_index_without_images_is_refused(digits_index, tmp_path):
    meta = {key: digits_index.meta[key] for key in ('network', 'feature', 'preprocessing', 'size')}
    about = meta | {'dtype': 'float32', 'dim': 16, 'checkpoint': digits_index.meta['checkpoint']}
    FeatureIndex.create(tmp_path, digits_index.meta['config'], about)
    with pytest.raises(ValueError, match='has no image yet: run its index command again'):
        ImageRetriever(tmp_path)


def test_numbers_below_one_are_refused(retriever, queries):
    for name in ('top_k', 'batch_size', 'page_images'):
        with pytest.raises(ValueError, match=f'{name} must be at least 1, got 0'):
            retriever(queries, **{name: 0})
