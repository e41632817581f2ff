"""What comes back for images, folders and arrays, and for what is none."""

import shutil
from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch

import npid_mm
from npid_mm.engine.inference import load_network
from npid_mm.retrieval import FeatureIndex, ImageRetriever, build_index
from npid_mm.retrieval.index.metadata import write_metadata


@pytest.fixture(scope='module')
def retriever(digits_index):
    return ImageRetriever(digits_index)


@pytest.fixture(scope='module')
def queries(digits):
    """One training digit of each class."""
    return [str(sorted((digits / 'train' / str(c)).iterdir())[0]) for c in range(10)]


def test_the_neighbours_are_those_of_a_sort_of_all_similarities(
    retriever, digits_index, digits_run, queries
):
    """The network asked directly, the similarities in float64."""
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

    wanted = neighbors(queries[:3])
    assert neighbors(arrays) == neighbors(tmp_path) == neighbors([tmp_path]) == wanted
    single = [neighbors(Path(queries[0])), neighbors(queries[0]), neighbors(arrays[0])]
    assert [[each['index'] for each in one[0]] for one in single] == [
        [each['index'] for each in wanted[0]]
    ] * 3
    assert retriever(arrays[0])[0]['query'] is None


def test_an_image_of_the_index_does_not_find_itself(retriever, digits_index):
    """But another image that is as near would be found; the number of neighbours stays."""
    path = digits_index[7].path
    (result,) = retriever(path, top_k=4)
    assert len(result['neighbors']) == 4
    assert 7 not in [each['index'] for each in result['neighbors']]
    copy = mmcv.imread(path)
    assert retriever(copy, top_k=1)[0]['neighbors'][0]['index'] == 7


def test_links_do_not_make_an_image_another_one(digits_run, images, tmp_path):
    """Neither those in the folder of the index nor those to its images or folders."""
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


def test_more_neighbours_than_images_are_all_images(digits_run, images, tmp_path):
    folder = tmp_path / 'three'
    folder.mkdir()
    for path in sorted((images / '4').iterdir())[:3]:
        shutil.copy(path, folder)
    index, _ = build_index(tmp_path / 'index', *digits_run, folder, num_workers=0)
    results = ImageRetriever(index)([index[0].path, str(images / '5')], top_k=9)
    assert [len(result['neighbors']) for result in results] == [2] + [3] * (len(results) - 1)
    assert results[0]['label'] is None  # the index has no classes


def test_a_query_that_is_no_image_is_named_and_the_others_are_answered(
    retriever, queries, tmp_path
):
    note = tmp_path / 'note.jpg'
    note.write_text('no image')
    bad, missing, good = retriever([note, tmp_path / 'missing.png', queries[0]])
    assert bad['error'].startswith(f'cannot read {note}: ') and not bad['neighbors']
    assert 'missing.png' in missing['error'] and len(good['neighbors']) == 10
    with pytest.raises(ValueError, match=r'no query can be read:\n  cannot read .*note.jpg'):
        retriever(str(note), html=tmp_path / 'page.html')
    assert not (tmp_path / 'page.html').exists()


def test_the_index_brings_config_and_checkpoint_along(
    digits_index, digits_run, other_run, tmp_path
):
    """Moved, it wants to be told; weights of another network are refused."""
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


@pytest.mark.parametrize(
    'inputs, error, message',
    [
        (3, TypeError, 'inputs must be files, folders or arrays .* got int of no shape'),
        (np.zeros((4, 4), np.uint8), TypeError, r'got ndarray of \(4, 4\)'),
        (np.zeros((4, 4, 3)), TypeError, r'got ndarray of \(4, 4, 3\) float64'),
        ([], ValueError, 'inputs must name at least one image, got none'),
    ],
)
def test_refuses_what_is_no_input(retriever, inputs, error, message):
    with pytest.raises(error, match=message):
        retriever(inputs)


def test_refuses_numbers_below_one(retriever, queries):
    for name in ('top_k', 'batch_size', 'page_images'):
        with pytest.raises(ValueError, match=f'{name} must be at least 1, got 0'):
            retriever(queries, **{name: 0})


def test_the_package_offers_it():
    assert npid_mm.ImageRetriever is ImageRetriever
