"""Lists of a user's own folder."""

import pytest

from npid_mm.datasets import split_folder
from npid_mm.datasets.folder_split import folder_labels


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    return root


def lists(out):
    return [(out / name).read_text().splitlines() for name in ('train.txt', 'val.txt')]


def test_class_folders_give_labels_and_every_fifth_of_a_class_is_held_out(tmp_path):
    names = [f'{cls}/{i:02d}.JPG' for cls in ('cat', 'dog') for i in range(11)]
    root = touch(tmp_path / 'data', *names, 'cat/notes.txt')
    assert split_folder(root, tmp_path / 'out') == ['cat', 'dog']
    train, val = lists(tmp_path / 'out')
    assert val == ['cat/04.JPG 0', 'cat/09.JPG 0', 'dog/04.JPG 1', 'dog/09.JPG 1']
    assert len(train) == 18 and not set(train) & set(val)


def test_flat_folder_has_no_labels(tmp_path):
    root = touch(tmp_path / 'data', *[f'{i}.png' for i in range(10)])
    assert split_folder(root, tmp_path) == []
    train, val = lists(tmp_path)
    assert val == ['4.png', '9.png'] and len(train) == 8


def test_given_train_and_val_folders_are_the_split(tmp_path):
    root = touch(tmp_path / 'data', 'train/a/1.png', 'train/b/1.png', 'val/a/2.png', 'val/b/2.png')
    assert split_folder(root, tmp_path) == ['a', 'b']
    assert lists(tmp_path) == [
        ['train/a/1.png 0', 'train/b/1.png 1'],
        ['val/a/2.png 0', 'val/b/2.png 1'],
    ]


def test_few_images_still_leave_one_held_out(tmp_path):
    split_folder(touch(tmp_path / 'data', '1.png', '2.png'), tmp_path)
    assert lists(tmp_path) == [['1.png'], ['2.png']]


def test_one_image_cannot_be_split(tmp_path):
    with pytest.raises(ValueError, match='needs at least 2 images, .* has 1'):
        split_folder(touch(tmp_path / 'data', '1.png'), tmp_path)


def test_no_folder_and_empty_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder of images at .*nowhere'):
        split_folder(tmp_path / 'nowhere', tmp_path)
    with pytest.raises(FileNotFoundError, match=r'no image in .*data: looked for \.jpg'):
        split_folder(touch(tmp_path / 'data', 'a.txt'), tmp_path)


def test_a_class_is_the_first_folder_however_deep_the_image_lies(tmp_path):
    root = touch(tmp_path / 'data', 'a/x/1.png', 'a/y/1.png', 'b/1.png', 'b/2.png')
    assert split_folder(root, tmp_path, every=2) == ['a', 'b']
    assert lists(tmp_path) == [['a/x/1.png 0', 'b/1.png 1'], ['a/y/1.png 0', 'b/2.png 1']]


def test_links_to_train_and_val_are_followed(tmp_path):
    """Data sets lie on another disk more often than not."""
    for name in ('train', 'val'):
        touch(tmp_path / f'disk/{name}', 'a/1.png', 'b/1.png')
        (tmp_path / 'data').mkdir(exist_ok=True)
        (tmp_path / 'data' / name).symlink_to(tmp_path / 'disk' / name)
    assert split_folder(tmp_path / 'data', tmp_path) == ['a', 'b']
    assert lists(tmp_path)[1] == ['val/a/1.png 0', 'val/b/1.png 1']


@pytest.mark.parametrize(
    'names, labels',
    [
        (('cat/1.png', 'cat/deep/2.png', 'dog/1.png'), ['cat', 'cat', 'dog']),
        (('cat/1.png', 'dog/1.png', '3.png'), [None] * 3),
        (('cat/1.png', 'cat/deep/2.png'), [None] * 2),
        (('train/a/1.png', 'val/b/1.png', 'test/1.png'), ['a', 'b', None]),
        (('train/a/1.png', 'val/2.png', 'val/b/1.png'), [None] * 3),
        (('train/a/1.png', 'test/b/1.png'), ['train', 'test']),
    ],
)
def test_labels_of_a_folder(tmp_path, names, labels):
    """Which an index has as well: deeper folders, images beside the classes, a given split."""
    root = touch(tmp_path / 'data', *names)
    paths = [str(root / name) for name in names]
    assert folder_labels(paths, root) == labels
