"""Findings of the check of iNaturalist 2018."""

import json
import shutil

import pytest

from npid_mm.datasets.layout_checks.inaturalist2018 import INaturalist2018Check


@pytest.fixture
def copied(inaturalist2018, tmp_path):
    """A copy to damage."""
    return shutil.copytree(inaturalist2018, tmp_path / 'copied')


def rewrite(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_good_files_and_their_numbers(inaturalist2018):
    watched = {}

    def watch(files, name):
        watched[name] = files
        return files

    report = INaturalist2018Check(sample=30, watch=watch)(inaturalist2018)
    assert report.problems == []
    assert report.counts == {'train': 40, 'val': 20} and report.looked_for == 50
    assert report.notices == [
        'train2018.json lists 40 images, iNaturalist 2018 has 437,513',
        'train2018.json has 10 categories, iNaturalist 2018 has 8,142',
        'val2018.json lists 20 images, iNaturalist 2018 has 24,426',
        'val2018.json has 10 categories, iNaturalist 2018 has 8,142',
    ]
    assert [len(files) for files in watched.values()] == [30, 20]


def test_nothing_there(tmp_path):
    train, val = INaturalist2018Check()(tmp_path).problems
    assert train.startswith(f'no file {tmp_path}/train2018.json: unpack ')
    assert val.startswith(f'no file {tmp_path}/val2018.json: unpack ')


def test_images_not_unpacked(copied):
    shutil.rmtree(copied / 'train_val2018/Plantae')
    train, val = INaturalist2018Check()(copied).problems
    start = f'20 of the 40 files looked for are not in {copied}, the first: train_val2018/Plantae/'
    assert train.startswith(f'train2018.json: {start}')
    assert val.startswith('val2018.json: 10 of the 20 files')


def test_category_without_an_image(copied):
    content = json.loads((copied / 'train2018.json').read_text())
    rewrite(copied / 'train2018.json', categories=[*content['categories'], dict(id=10, name='x')])
    assert INaturalist2018Check()(copied).problems == [
        'train2018.json: no image of 1 of 11 categories, the first: 10',
        'train2018.json and val2018.json number their categories differently: take both from the '
        'same release',
    ]


def test_wrong_content_is_reported_by_the_reader(copied):
    rewrite(copied / 'val2018.json', annotations=[])
    assert INaturalist2018Check()(copied).problems == [
        f'{copied}/val2018.json: 20 images have no annotation, the first: image id 10000'
    ]
