"""Lists of images, and what the check of a data set says about wrong ones."""

from collections import Counter

import pytest
from torchvision.datasets import ImageFolder

from npid_mm.datasets.image_list import (
    class_folder_list,
    draw_subset,
    named_subset,
    read_image_list,
)
from npid_mm.datasets.image_list_check import check_image_lists

CLASSES = ('n02', 'n01', 'n10')  # sorted: n01, n02, n10


@pytest.fixture
def root(tmp_path):
    """Three classes, 4 images each for training and 2 for validation, with correct lists."""
    (tmp_path / 'meta').mkdir()
    for split, count in (('train', 4), ('val', 2)):
        lines = []
        for label, wnid in enumerate(sorted(CLASSES)):
            (tmp_path / split / wnid).mkdir(parents=True)
            for number in range(count):
                name = f'{wnid}/{wnid}_{number}.JPEG'
                (tmp_path / split / name).touch()
                lines.append(f'{name} {label}')
        (tmp_path / 'meta' / f'{split}.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


def edit(root, change, name='train'):
    """Replace the lines of a list by what ``change`` makes of them."""
    path = root / 'meta' / f'{name}.txt'
    path.write_text('\n'.join(change(path.read_text().splitlines())))


def problems(root, **options):
    return check_image_lists(root, **{'classes': 3, **options}).problems


def test_good_data_set_has_no_problem_and_its_counts(root):
    report = check_image_lists(root, classes=3)
    assert (report.problems, report.notices) == ([], [])
    assert report.counts == {'train': 12, 'val': 6} and report.looked_for == 18


def test_imagenets_numbers_are_only_a_notice(root):
    """With 1000 classes the numbers of images are known."""
    report = check_image_lists(root)
    assert report.notices == [
        'meta/train.txt lists 12 images, ImageNet has 1,281,167',
        'meta/val.txt lists 6 images, ImageNet has 50,000',
    ]
    expected = 'no image of 997 of 1000 classes: 3, 4, 5, 6, 7, ...'
    assert report.problems == [f'meta/{name}.txt: {expected}' for name in ('train', 'val')]


def test_nothing_there(tmp_path):
    assert problems(tmp_path) == [
        f'folder train/ is missing in {tmp_path}',
        f'folder val/ is missing in {tmp_path}',
        f'list meta/train.txt is missing in {tmp_path}',
        f'list meta/val.txt is missing in {tmp_path}',
    ]


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (
            lambda lines: [lines[0].split()[0], *lines[1:]],
            "1 line without a label (`path label`), the first: 'n01/n01_0.JPEG' (line 1)",
        ),
        (
            lambda lines: [*lines[:3], lines[3][:-1] + 'cat', *lines[4:], ''],
            "1 line without a label (`path label`), the first: 'n01/n01_3.JPEG cat' (line 4)",
        ),
        (
            lambda lines: [*lines[:3], '', *lines[3:]],
            "1 line without a label (`path label`), the first: '' (line 4)",
        ),
        (lambda lines: [], 'the list is empty'),
        (lambda lines: [*lines, lines[5]], '1 path more than once, the first: n02/n02_1.JPEG'),
        (lambda lines: lines[:8], 'no image of 1 of 3 classes: 2'),
        (
            lambda lines: [*lines, 'n02/nowhere.JPEG 1'],
            '1 of the 13 files looked for are not in train/, the first: n02/nowhere.JPEG (line 13)',
        ),
        (
            lambda lines: [f'train/{line}' for line in lines],
            'paths start with train/, which data_prefix puts before them once more: leave it out, '
            'for example in train/n01/n01_0.JPEG (line 1)',
        ),
    ],
)
def test_wrong_training_list(root, change, expected):
    """Each mistake is told once, by its first line, and nothing else is."""
    edit(root, change)
    assert problems(root) == [f'meta/train.txt: {expected}']


@pytest.mark.parametrize('label', ['3', '-1'])
def test_label_out_of_range(root, label):
    edit(root, lambda lines: [f'n05.JPEG {label}', *lines, f'n05_1.JPEG {label}'])
    for name in ('n05.JPEG', 'n05_1.JPEG'):
        (root / 'train' / name).touch()
    assert problems(root) == [
        f"meta/train.txt: 2 lines with a label outside 0..2, the first: 'n05.JPEG {label}' (line 1)"
    ]


def test_validation_labels_in_another_order(root):
    """The development kit numbers its classes otherwise: lists that are right by themselves."""
    edit(root, lambda lines: [f'{line[:-1]}{2 - int(line[-1])}' for line in lines], 'val')
    assert problems(root) == [
        'several labels for 2 class folders, the first: n01: 0 (meta/train.txt), 2 (meta/val.txt)'
    ]


def test_subset_must_be_part_of_the_training_list(root):
    lists = ('train', 'val', 'train_1percent')
    subset = root / 'meta/train_1percent.txt'
    subset.write_text('n01/n01_3.JPEG 0\nn02/n02_0.JPEG 1\nn10/n10_1.JPEG 2\n')
    assert problems(root, lists=lists) == []
    edit(root, lambda lines: [*lines, 'n02/n02_9.JPEG 1'], 'train_1percent')
    (root / 'train/n02/n02_9.JPEG').touch()
    assert problems(root, lists=lists) == [
        "meta/train_1percent.txt: 1 line not in meta/train.txt, the first: 'n02/n02_9.JPEG 1'"
    ]


def test_sample_limits_what_is_looked_for(root):
    """None looks for all files; a sample is watched, and drawn from the whole list."""
    for path in (root / 'train').rglob('*.JPEG'):
        path.unlink()
    watched = {}

    def watch(files, name):
        watched[name] = [number for number, _ in files]
        return files

    report = check_image_lists(root, classes=3, sample=5, watch=watch)
    assert report.looked_for == 10 and '5 of the 5 files' in report.problems[0]
    assert len(watched['train']) == 5 and max(watched['train']) > 5
    report = check_image_lists(root, classes=3, sample=None, watch=watch)
    assert '12 of the 12 files' in report.problems[0]
    assert watched['train'] == list(range(1, 13))


def test_numbers_of_the_check_are_named(root):
    with pytest.raises(ValueError, match='classes must be at least 1, got 0'):
        problems(root, classes=0)
    with pytest.raises(ValueError, match='sample must be at least 1, got 0'):
        problems(root, sample=0)


def test_class_folders_are_labelled_as_by_image_folder(root):
    (root / 'train/n02/notes.txt').touch()
    expected = [
        (path.removeprefix(f'{root}/train/'), label)
        for path, label in ImageFolder(root / 'train').samples
    ]
    assert class_folder_list(root / 'train') == expected
    assert expected == read_image_list(root / 'meta/train.txt')


def test_folders_without_images_are_named(root, tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder at .*nowhere'):
        class_folder_list(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match='any class folder in .*n01'):
        class_folder_list(root / 'train/n01')
    (root / 'train/n11').mkdir()
    with pytest.raises(FileNotFoundError, match='no valid file for the classes n11'):
        class_folder_list(root / 'train')


def test_list_without_labels_is_refused(root):
    edit(root, lambda lines: [*lines[:6], 'n01/n01_0.JPEG'])
    with pytest.raises(ValueError, match='train.txt must have `path label` in line 7, got'):
        read_image_list(root / 'meta/train.txt')


ENTRIES = [(f'{label}/{label}_{number}.JPEG', label) for label in range(4) for number in range(50)]


def test_drawn_subset_is_balanced_seeded_and_nested():
    small, large = draw_subset(ENTRIES, 10, 0), draw_subset(ENTRIES, 40, 0)
    assert Counter(label for _, label in small) == dict.fromkeys(range(4), 5)
    assert Counter(label for _, label in large) == dict.fromkeys(range(4), 20)
    assert set(small) < set(large) < set(ENTRIES) and small == sorted(small, key=ENTRIES.index)
    assert draw_subset(ENTRIES, 10, 0) == small != draw_subset(ENTRIES, 10, 1)
    # other images in each class, not the same places in all
    assert len({image.split('_')[1] for image, _ in small}) > 5


def test_small_class_keeps_one_image():
    assert Counter(label for _, label in draw_subset(ENTRIES, 1, 0)) == dict.fromkeys(range(4), 1)


@pytest.mark.parametrize('percent', [0, 100])
def test_share_out_of_range_is_named(percent):
    with pytest.raises(ValueError, match=rf'percent must be in 1\.\.99, got {percent}'):
        draw_subset(ENTRIES, percent, 0)


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
