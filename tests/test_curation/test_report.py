"""Findings about pictures with planted copies, and their tables and page."""

import csv

import pyarrow.parquet
import pytest
import torch

from npid_mm.curation import curate
from npid_mm.curation.report_page import write_report_page
from npid_mm.curation.tables import write_table
from tests.test_curation.scenes import COUNT, write_scenes
from tests.test_visualization.neighbor_pages import content


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp('scenes'))


@pytest.fixture(scope='module')
def report(images):
    return curate(images, clusters=3, subset=4)


def test_copies_are_told_from_images_with_the_same_row(report):
    assert report.groups == [[0, COUNT, COUNT + 1], [1, COUNT + 2]]
    assert report.look_alikes == [(2, 3)]
    assert report.leaks == [[0, COUNT, COUNT + 1]]


def test_columns_have_a_value_for_each_image(report, images):
    columns = report.columns
    assert {len(values) for values in columns.values()} == {len(images)}
    assert columns['group'][:4] == [0, 1, None, None] and columns['leak'][:2] == [True, False]
    assert columns['nearest'][1] == images.paths[COUNT + 2] and columns['cosine'][1] > 0.99
    assert columns['pixels'][1] > 0.95 and columns['pixels'][2] < 0.8
    assert columns['pixels'][5] is None and columns['own_probability'][0] is None
    assert columns['outlier'][0] < max(columns['outlier'])
    assert sorted(each for each in columns['subset'] if each is not None) == [0, 1, 2, 3]
    assert {*columns['cluster']} == {0, 1, 2}
    # two of its copies have the label dog and cat
    assert 0 < columns['doubt'][COUNT + 1] <= 1 and columns['preferred'][COUNT + 1] == 'cat'


def test_the_training_and_unreadable_files_refute_copies(images):
    own = torch.full((len(images),), 0.4)
    own[1] = own[COUNT + 2] = 0.95
    known = type(images)(images.rows, images.paths, images.labels, images.sets, own)
    assert curate(known).groups == [[0, COUNT, COUNT + 1]]
    without = curate(known, min_pixels=None)  # the equal rows are copies then
    assert without.groups == [[0, COUNT, COUNT + 1], [2, 3]]
    lost = type(images)(images.rows, [*images.paths[:-1], 'gone.png'], images.labels, images.sets)
    assert curate(lost).groups == [[0, COUNT, COUNT + 1]]


def test_tables_hold_the_columns(report, tmp_path):
    write_table(report.columns, tmp_path / 'a.csv')
    with open(tmp_path / 'a.csv', newline='') as file:
        lines = list(csv.DictReader(file))
    assert lines[1]['path'] == report.columns['path'][1] and lines[1]['group'] == '1'
    assert lines[5]['group'] == '' and float(lines[1]['pixels']) == report.columns['pixels'][1]
    write_table(report.columns, tmp_path / 'a.parquet')
    table = pyarrow.parquet.read_table(tmp_path / 'a.parquet').to_pydict()
    assert table == {**report.columns}


def test_the_page_shows_each_finding(report, images, tmp_path):
    write_report_page(report, tmp_path / 'page.html')
    data = content(tmp_path / 'page.html')
    tabs = {tab['name']: tab['cards'] for tab in data['tabs']}
    assert list(tabs) == [
        'Duplicates', 'Leaks', 'Look-alikes', 'Outliers', 'Labels in doubt', 'Clusters', 'Subset',
    ]  # fmt: skip
    names = [image['name'] for image in data['images']]
    shown = [names[position] for position, _ in tabs['Duplicates'][0]['images']]
    assert shown == [images.paths[row] for row in report.groups[0]]
    # the page shows the first tab before it has read all images
    first = [row for group in report.groups for row in group]
    assert names[: len(first)] == [images.paths[row] for row in first]
    title = '3 images, in train and val, with different labels: cat, dog'
    assert tabs['Leaks'][0]['title'] == title
    assert len(tabs['Clusters']) == 3 and len(tabs['Subset'][0]['images']) == 4
    assert any('its neighbors are cat' in card['title'] for card in tabs['Labels in doubt'])


def test_wrong_arguments_are_named(images):
    with pytest.raises(ValueError, match="method must be one of k-center, .* got 'best'"):
        curate(images, method='best')
    with pytest.raises(ValueError, match='subset must be at least 0, got -1'):
        curate(images, subset=-1)
