"""Findings of the checks of ImageNet and Places205."""

import pytest

from npid_mm.datasets.layout_checks.image_lists import ImageNetCheck, Places205Check


def edit(tiny, change, name='train'):
    """Apply ``change`` to the lines of a list."""
    path = tiny / 'meta' / f'{name}.txt'
    path.write_text('\n'.join(change(path.read_text().splitlines())))


def problems(tiny, **options):
    return ImageNetCheck(**{'classes': 3, **options})(tiny).problems


def test_good_data_set_has_no_problem_and_its_counts(tiny):
    report = ImageNetCheck(classes=3)(tiny)
    assert (report.problems, report.notices) == ([], [])
    assert report.counts == {'train': 12, 'val': 6} and report.looked_for == 18


def test_imagenets_numbers_are_only_a_notice(tiny):
    """The published numbers of images are compared for all 1000 classes only."""
    report = ImageNetCheck()(tiny)
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
        f'list meta/train.txt is missing in {tmp_path}: make_imagenet_lists.py writes it',
        f'list meta/val.txt is missing in {tmp_path}: make_imagenet_lists.py writes it',
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
            'paths start with train/, which data_prefix adds again: remove it, for example '
            'in train/n01/n01_0.JPEG (line 1)',
        ),
    ],
)
def test_wrong_training_list(tiny, change, expected):
    """Each error is reported once, by its first line."""
    edit(tiny, change)
    assert problems(tiny) == [f'meta/train.txt: {expected}']


@pytest.mark.parametrize('label', ['3', '-1'])
def test_label_out_of_range(tiny, label):
    edit(tiny, lambda lines: [f'n05.JPEG {label}', *lines, f'n05_1.JPEG {label}'])
    for name in ('n05.JPEG', 'n05_1.JPEG'):
        (tiny / 'train' / name).touch()
    assert problems(tiny) == [
        f"meta/train.txt: 2 lines with a label outside 0..2, the first: 'n05.JPEG {label}' (line 1)"
    ]


def test_validation_labels_in_another_order(tiny):
    """The development kit numbers its classes in another order; each list is valid alone."""
    edit(tiny, lambda lines: [f'{line[:-1]}{2 - int(line[-1])}' for line in lines], 'val')
    assert problems(tiny) == [
        'several labels for 2 class folders, the first: n01: 0 (meta/train.txt), 2 (meta/val.txt)'
    ]


def test_subset_must_be_part_of_the_training_list(tiny):
    lists = ('train', 'val', 'train_1percent')
    subset = tiny / 'meta/train_1percent.txt'
    subset.write_text('n01/n01_3.JPEG 0\nn02/n02_0.JPEG 1\nn10/n10_1.JPEG 2\n')
    assert problems(tiny, lists=lists) == []
    edit(tiny, lambda lines: [*lines, 'n02/n02_9.JPEG 1'], 'train_1percent')
    (tiny / 'train/n02/n02_9.JPEG').touch()
    assert problems(tiny, lists=lists) == [
        "meta/train_1percent.txt: 1 line not in meta/train.txt, the first: 'n02/n02_9.JPEG 1'"
    ]


def test_sample_limits_what_is_looked_for(tiny):
    """None looks for all files; a sample is taken from the whole list."""
    for path in (tiny / 'train').rglob('*.JPEG'):
        path.unlink()
    watched = {}

    def watch(files, name):
        watched[name] = [number for number, _ in files]
        return files

    report = ImageNetCheck(classes=3, sample=5, watch=watch)(tiny)
    assert report.looked_for == 10 and '5 of the 5 files' in report.problems[0]
    assert len(watched['train']) == 5 and max(watched['train']) > 5
    report = ImageNetCheck(classes=3, sample=None, watch=watch)(tiny)
    assert '12 of the 12 files' in report.problems[0]
    assert watched['train'] == list(range(1, 13))


def test_wrong_arguments(tiny):
    with pytest.raises(ValueError, match='classes must be at least 1, got 0'):
        problems(tiny, classes=0)
    with pytest.raises(ValueError, match='sample must be at least 1, got 0'):
        problems(tiny, sample=0)


def test_places205_is_found_good(places205):
    report = Places205Check(classes=10, sample=None)(places205)
    assert (report.problems, report.notices) == ([], [])
    assert report.counts == {'train': 40, 'val': 20} and report.looked_for == 60


def test_numbers_of_places205_are_its_own(places205):
    report = Places205Check()(places205)
    assert report.notices[0] == 'meta/train.txt lists 40 images, Places205 has 2,448,873'
    assert report.problems[1].startswith('meta/val.txt: no image of 195 of 205 classes: 10, 11,')


def test_official_list_of_places205_instead_of_the_converted_one(tmp_path):
    """Its paths start from the folder of images, so no file is found."""
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta/train.txt').write_text('a/abbey/gsun_1.jpg 0\n')
    assert Places205Check(classes=1)(tmp_path).problems == [
        f'meta/train.txt: 1 of the 1 files looked for are not in {tmp_path}, the first: '
        'a/abbey/gsun_1.jpg (line 1); make_places205_lists.py --force writes the list again',
        f'list meta/val.txt is missing in {tmp_path}: make_places205_lists.py writes it',
    ]
