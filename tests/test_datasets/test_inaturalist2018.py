"""Reading iNaturalist's JSON files, and errors for malformed ones."""

import json

import pytest
from mmpretrain.registry import DATASETS

from npid_mm.datasets.inaturalist2018 import read_inaturalist


def build(root, split='train', **arguments):
    dataset = dict(type='INaturalist2018', data_root=str(root), ann_file=f'{split}2018.json')
    return DATASETS.build(dataset | arguments)


@pytest.mark.parametrize(('split', 'count'), [('train', 40), ('val', 20)])
def test_labels_are_the_folders_in_the_order_of_the_file(inaturalist2018, split, count):
    """The folder of an image is its category, which the file stores only as an id."""
    dataset = build(inaturalist2018, split)
    assert len(dataset) == count
    assert dataset.metainfo['classes'] == tuple('0123456789')
    content = json.loads((inaturalist2018 / f'{split}2018.json').read_text())
    for position, image in enumerate(content['images']):
        info = dataset.get_data_info(position)
        assert info['img_path'] == str(inaturalist2018 / image['file_name'])
        assert info['gt_label'] == int(image['file_name'].split('/')[2])


def test_names_of_classes_can_be_given(inaturalist2018):
    names = tuple('abcdefghij')
    assert build(inaturalist2018, classes=names).metainfo['classes'] == names


def test_missing_file_says_what_to_unpack(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no file .*val2018.json: unpack .*tar.gz'):
        build(tmp_path, 'val')


GOOD = dict(
    images=[dict(id=7, file_name='b.jpg'), dict(id=3, file_name='a.jpg')],
    annotations=[dict(image_id=3, category_id=0), dict(image_id=7, category_id=1)],
    categories=[dict(id=1, name='tern'), dict(id=0, name='oak')],
)


def read(tmp_path, **changes):
    path = tmp_path / 'train2018.json'
    path.write_text(json.dumps(GOOD | changes))
    return read_inaturalist(path)


def test_ids_join_images_annotations_and_categories(tmp_path):
    assert read(tmp_path) == ([('b.jpg', 1), ('a.jpg', 0)], ['oak', 'tern'])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(images=[]), 'has no image'),
        (dict(images=[dict(id=7)]), "an entry of images, .* has no 'file_name'"),
        (dict(annotations=[dict(image_id=7)]), "an entry of images, .* has no 'category_id'"),
        (
            dict(images=[*GOOD['images'], dict(id=9, file_name='c.jpg')]),
            '1 images have no annotation, the first: image id 9',
        ),
        (dict(images=GOOD['images'][:1]), '1 annotations have no image, the first: image id 3'),
        (
            dict(annotations=[*GOOD['annotations'], dict(image_id=3, category_id=1)]),
            'one entry of annotations per image, but 1 are extra',
        ),
        (
            dict(images=[*GOOD['images'], dict(id=3, file_name='c.jpg')]),
            'one entry of images per image, but 1 are extra',
        ),
        (
            dict(annotations=[dict(image_id=7, category_id=2), dict(image_id=3, category_id=-1)]),
            r'labels in 0\.\.1, but has 2 outside, the first: category_id 2 of image id 7',
        ),
        (
            dict(categories=[dict(id=1, name='tern'), dict(id=2, name='oak')]),
            'must number its 2 categories 0 to 1, but has the id 2',
        ),
    ],
)
def test_malformed_content_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=f'train2018.json.*{message}'):
        read(tmp_path, **changes)


def test_a_file_without_labels_is_refused(tmp_path):
    path = tmp_path / 'test2018.json'
    path.write_text(json.dumps(dict(images=GOOD['images'], categories=[])))
    with pytest.raises(ValueError, match=r'but lacks annotations: use .*test2018.json has no lab'):
        read_inaturalist(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / 'train2018.json'
    path.write_text(json.dumps(GOOD)[:50])
    with pytest.raises(ValueError, match='is not JSON: .*; unpack or download it again'):
        read_inaturalist(path)
