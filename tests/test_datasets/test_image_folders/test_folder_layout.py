"""Classes and splits from usual folder names, and ambiguous folders."""

import pytest

from npid_mm.datasets.image_folders.folder_layout import folder_classes, read_layout
from npid_mm.datasets.image_folders.split_names import AmbiguousFolderError, split_kind

CLASSES = ('cat/1.jpg', 'cat/2.jpg', 'dog/1.jpg')


def below(folder, names=CLASSES):
    return [f'{folder}/{name}' for name in names]


@pytest.mark.parametrize(
    ('folder', 'kind'),
    [
        *((name, 'train') for name in ('train', 'Training', 'TRAIN', 'train2017', 'train_images')),
        *((name, 'train') for name in ('trainset', 'Training Set', 'train-data')),
        *((name, 'val') for name in ('val', 'valid', 'Validation', 'held-out', 'held_out', 'dev')),
        *((name, 'test') for name in ('test', 'Testing', 'test_set', 'test 1')),
        *((name, None) for name in ('trains', 'cat', 'trainer', 'values', '2017', 'images', '猫')),
    ],
)
def test_names_of_split_folders(folder, kind):
    assert split_kind(folder) == kind


@pytest.mark.parametrize('train', ['train', 'Training', 'TRAIN2017'])
@pytest.mark.parametrize('held_out', ['val', 'Valid', 'validation', 'test', 'held-out'])
@pytest.mark.parametrize('above', ['', 'images/', 'data/images/'])
def test_a_split_is_found_in_its_usual_spellings(train, held_out, above):
    names = [*below(above + train), *below(above + held_out)]
    layout = read_layout(names)
    assert layout.train == names[:3] and layout.held_out == names[3:]
    assert set(layout.labels.values()) == {'cat', 'dog'} and len(layout.labels) == 6
    assert layout.remarks == [f'held out: {above}{held_out}/']


def test_of_val_and_test_val_is_held_out():
    """The unused images are counted, and have labels too."""
    names = [*below('train'), *below('valid'), *below('test'), 'extra/1.jpg', 'cover.jpg']
    layout = read_layout(names)
    assert layout.held_out == names[3:6]
    assert layout.remarks[1:] == ['not used: 3 in test/, 1 in extra/, 1 in the folder itself']
    assert layout.labels == {name: name.split('/')[1] for name in names[:9]}


def test_one_part_alone_is_no_split():
    names = below('train')
    layout = read_layout(names)
    assert (layout.train, layout.held_out) == (names, [])
    assert set(layout.labels.values()) == {'cat', 'dog'}


@pytest.mark.parametrize('part', ['fold', 'Part ', 'subset_'])
def test_numbered_parts_with_the_same_folders_are_ambiguous(part):
    names = [*below(f'{part}0'), *below(f'{part}1')]
    with pytest.raises(AmbiguousFolderError, match='have the same folders cat/, dog/ in them'):
        read_layout(names)
    other = [*below(f'{part}0'), f'{part}1/1.jpg']
    assert set(read_layout(other).labels.values()) == {f'{part}0', f'{part}1'}


def test_a_vehicle_among_others_is_a_class():
    names = [f'{each}/1.jpg' for each in ('car', 'plane', 'train')]
    layout = read_layout(names)
    assert sorted(layout.labels.values()) == ['car', 'plane', 'train']
    assert layout.remarks == ['train/ is taken as a class']


@pytest.mark.parametrize(
    'names',
    [
        ['1.jpg', '2.jpg'],
        below('images', ['1.jpg', '2.jpg']),
        ['cat/1.jpg', 'cat/deep/2.jpg'],
        ['1.jpg', 'cat/1.jpg'],
        [*below('train', ['1.jpg', '2.jpg']), *below('val', ['1.jpg'])],
        [*below('train/images', ['1.jpg', '2.jpg']), *below('val/images', ['1.jpg'])],
    ],
)
def test_images_without_class_folders_have_no_classes(names):
    assert read_layout(names).labels == {}
    assert folder_classes(names) == ({}, '')


def test_camera_folders_are_not_classes():
    layout = read_layout(['DCIM/100CANON/1.jpg', 'DCIM/101CANON/1.jpg'])
    assert layout.labels == {}
    assert layout.remarks == ['100CANON/, 101CANON/ are folders of a camera, not classes']


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (
            [*CLASSES, 'all.jpg'],
            r'1 of the images in the folder lie outside .*dog/.*all\.jpg',
        ),
        ([*below('train'), 'val/1.jpg'], r'1 of the images in val/ lie outside .*: val/1\.jpg'),
        (below('animals'), r'all images lie in animals/, whose folders cat/, dog/ may be classes'),
        (
            [*below('train/images'), *below('val/images')],
            r'all images lie in train/images/ and val/images/, whose folders cat/, dog/ may be',
        ),
        (
            ['jar/train/1.jpg', 'jar/test/1.jpg', 'nut/train/1.jpg'],
            r'jar/, nut/ have folders of a split in them: put the split above the classes',
        ),
        (['images/1.jpg', 'masks/1.jpg'], r'images/, masks/ among images/, masks/ may be a part'),
        ([*CLASSES, 'Cat/1.jpg', 'dog /1.jpg'], r'Cat/, cat/, dog/, dog / differ in case'),
        (['caf\u00e9/1.jpg', 'cafe\u0301/1.jpg'], r'differ in case, accents or spaces alone'),
    ],
)
def test_ambiguous_classes_are_refused_if_needed(names, message):
    """An index does without them, and says why."""
    with pytest.raises(AmbiguousFolderError, match=message):
        read_layout(names)
    assert read_layout(names, with_labels=False).labels == {}
    labels, remark = folder_classes(names)
    assert labels == {} and remark.startswith('no classes: ') and '\n' not in remark


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ([*below('train'), *below('Training'), *below('val')], r'Training/, train/, val/ name one'),
        ([*below('val'), *below('test')], r'test/, val/ hold no images to train on'),
        (
            [*below('train'), *below('extra')],
            r'train/ may be part of a split or a class, beside ex',
        ),
        (['test/1.jpg', *CLASSES], r'test/ may be part of a split or a class, beside cat/, dog/'),
        ([*below('train'), '1.jpg'], r'train/ may be part of a split or a class, beside images'),
        ([*below('my_train'), *below('my_val')], r'my_train/, my_val/ may be a split: call them'),
    ],
)
def test_ambiguous_splits_are_refused(names, message):
    with pytest.raises(AmbiguousFolderError, match=message):
        read_layout(names, with_labels=False)


def test_classes_with_words_of_a_split_stay_classes():
    names = ['freight train/1.jpg', 'bullet train/1.jpg', 'test tube/1.jpg', 'cat/1.jpg']
    assert len(set(read_layout(names).labels.values())) == 4
