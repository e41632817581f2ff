"""Lists of a user's own folder."""

import pytest

from npid_mm.datasets import split_folder


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
