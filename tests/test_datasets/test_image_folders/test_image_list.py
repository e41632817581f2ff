"""Lists of images: read, made from class folders, and their subsets."""

from collections import Counter

import pytest
from torchvision.datasets import ImageFolder

from npid_mm.datasets.image_folders.image_list import (
    class_folder_list,
    listed_path,
    named_subset,
    read_image_list,
    sample_subset,
)


def test_class_folders_have_the_labels_of_torchvision(tiny):
    (tiny / 'train/n02/notes.txt').touch()
    expected = [
        (path.removeprefix(f'{tiny}/train/'), label)
        for path, label in ImageFolder(tiny / 'train').samples
    ]
    assert class_folder_list(tiny / 'train') == expected
    assert expected == read_image_list(tiny / 'meta/train.txt')


def test_folders_without_images_are_named(tiny, tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder at .*nowhere'):
        class_folder_list(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match='any class folder in .*n01'):
        class_folder_list(tiny / 'train/n01')
    (tiny / 'train/n11').mkdir()
    with pytest.raises(FileNotFoundError, match='no valid file for the classes n11'):
        class_folder_list(tiny / 'train')


def test_list_without_labels_is_refused(tiny):
    path = tiny / 'meta/train.txt'
    path.write_text(path.read_text() + 'n01/n01_0.JPEG\n')
    with pytest.raises(ValueError, match='train.txt must have `path label` in line 13, got'):
        read_image_list(path)


ENTRIES = [(f'{label}/{label}_{number}.JPEG', label) for label in range(4) for number in range(50)]


def test_a_sampled_subset_is_balanced_seeded_and_nested():
    small, large = sample_subset(ENTRIES, 10, 0), sample_subset(ENTRIES, 40, 0)
    assert Counter(label for _, label in small) == dict.fromkeys(range(4), 5)
    assert Counter(label for _, label in large) == dict.fromkeys(range(4), 20)
    assert set(small) < set(large) < set(ENTRIES) and small == sorted(small, key=ENTRIES.index)
    assert sample_subset(ENTRIES, 10, 0) == small != sample_subset(ENTRIES, 10, 1)
    # classes differ in their sampled positions
    assert len({image.split('_')[1] for image, _ in small}) > 5


def test_small_class_keeps_one_image():
    assert Counter(label for _, label in sample_subset(ENTRIES, 1, 0)) == dict.fromkeys(range(4), 1)


def test_a_percentage_out_of_range_is_refused():
    for percent in (0, 100):
        with pytest.raises(ValueError, match=rf'percent must be in 1\.\.99, got {percent}'):
            sample_subset(ENTRIES, percent, 0)


def test_named_subset_looks_labels_up():
    names = ['3_7.JPEG', '', '0_1.JPEG\n']
    assert named_subset(ENTRIES, names) == [('3/3_7.JPEG', 3), ('0/0_1.JPEG', 0)]


def test_names_that_cannot_be_looked_up_are_counted():
    with pytest.raises(ValueError, match='1 of 2 names are not in the whole list.*: x.JPEG'):
        named_subset(ENTRIES, ['3_7.JPEG', 'x.JPEG'])
    with pytest.raises(ValueError, match='1 of 1 names are there more than once.*: a.JPEG'):
        named_subset([('1/a.JPEG', 0), ('2/a.JPEG', 1)], ['a.JPEG'])
    with pytest.raises(ValueError, match='at least one image, got none'):
        named_subset(ENTRIES, ['', '\n'])


@pytest.mark.parametrize(
    ('line', 'path'),
    [
        ('a b.jpg 3', 'a b.jpg'),
        ('a b.jpg', 'a b.jpg'),
        ('a.jpg -1', 'a.jpg'),
        ('a 3.jpg', 'a 3.jpg'),
    ],
)
def test_paths_of_lines_that_may_have_a_label(line, path):
    assert listed_path(line) == path
