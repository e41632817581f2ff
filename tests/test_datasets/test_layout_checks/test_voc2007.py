"""Findings of the check of VOC2007."""

import shutil

import pytest

from npid_mm.datasets.layout_checks.voc2007 import VOC2007Check


@pytest.fixture
def copied(voc2007, tmp_path):
    """A copy to damage."""
    return shutil.copytree(voc2007, tmp_path / 'VOCdevkit/VOC2007')


def test_good_lists_and_their_numbers(voc2007):
    report = VOC2007Check()(voc2007)
    assert report.problems == []
    assert report.counts == {'trainval': 60, 'test': 40} and report.looked_for == 100
    assert report.notices == [
        'ImageSets/Main/trainval.txt lists 60 images, VOC2007 has 5,011',
        'ImageSets/Main/test.txt lists 40 images, VOC2007 has 4,952',
    ]


@pytest.mark.parametrize('inner', ['VOC2007', 'VOCdevkit/VOC2007'])
def test_folder_above_is_named(copied, inner):
    above = copied.parents[inner.count('/')]
    assert VOC2007Check()(above).problems == [
        f'{above} has {inner}/ inside: use that folder, {copied}'
    ]


def test_only_trainval_unpacked(copied):
    for path in (copied / 'ImageSets/Main').glob('*test.txt'):
        path.unlink()
    (problem,) = VOC2007Check()(copied).problems
    assert problem.startswith('21 of 21 lists of test are missing in ')
    assert 'unpack VOCtest_06-Nov-2007.tar' in problem


def test_images_missing(copied):
    gone = sorted((copied / 'JPEGImages').iterdir())
    for path in gone[:70]:
        path.unlink()
    problems = VOC2007Check()(copied).problems
    counts = [int(problem.split(': ')[1].split()[0]) for problem in problems]
    assert len(problems) == 2 and sum(counts) == 70
    assert f'files looked for are not in {copied}, the first: JPEGImages/' in problems[0]


def test_class_without_a_positive(copied):
    """Difficult objects alone give no positive."""
    path = copied / 'ImageSets/Main/sofa_trainval.txt'
    path.write_text(path.read_text().replace('  1\n', '  0\n'))
    assert VOC2007Check()(copied).problems == [
        'no image of trainval shows a sofa that is not difficult'
    ]


def test_test_image_in_training(copied):
    lists = copied / 'ImageSets/Main'
    image = (lists / 'test.txt').read_text().split()[0]
    for path in lists.glob('*_trainval.txt'):
        path.write_text(f'{path.read_text()}{image} -1\n')
    (lists / 'trainval.txt').write_text(f'{(lists / "trainval.txt").read_text()}{image}\n')
    expected = f'1 image of trainval in test too, the first: {image}'
    assert VOC2007Check()(copied).problems == [expected]
