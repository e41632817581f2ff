"""Lists of training and held-out images of a folder."""

import os
import re

import pytest
from mmpretrain.datasets import CustomDataset

from npid_mm.datasets import split_folder
from npid_mm.datasets.image_folders.split_names import AmbiguousFolderError


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    return root


def lists(out):
    return [(out / name).read_text().splitlines() for name in ('train.txt', 'val.txt')]


def test_class_folders_give_labels_and_every_fifth_of_a_class_is_held_out(tmp_path, capsys):
    names = [f'{cls}/{i:02d}.JPG' for cls in ('cat', 'dog') for i in range(11)]
    root = touch(tmp_path / 'data', *names, 'cat/notes.txt')
    assert split_folder(root, tmp_path / 'out') == ['cat', 'dog']
    assert capsys.readouterr().out == (
        'train 18, held out 4, 2 classes (cat/, dog/); held out: one image in 5 of each class; '
        'passed over: 1 .txt\n'
    )
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
    split_folder(touch(tmp_path / 'data', '1.png', '2.png', '3.png'), tmp_path)
    assert lists(tmp_path) == [['1.png', '2.png'], ['3.png']]


def test_small_classes_hold_out_one_image_of_the_largest(tmp_path):
    root = touch(tmp_path / 'data', 'a/1.png', 'b/1.png', 'b/2.png', 'c/1.png')
    split_folder(root, tmp_path)
    assert lists(tmp_path)[1] == ['b/2.png 1']


def test_classes_of_one_image_cannot_be_split(tmp_path):
    root = touch(tmp_path / 'data', *[f'c{number}/1.png' for number in range(12)])
    with pytest.raises(ValueError, match='each of the 12 classes has a single image, so that none'):
        split_folder(root, tmp_path)
    split_folder(root, tmp_path, with_labels=False)
    assert [len(each) for each in lists(tmp_path)] == [10, 2]


def test_two_images_cannot_be_split(tmp_path):
    data = touch(tmp_path / 'data', '1.png', '2.png', '3.psd')
    message = r'at least 2 images to train on and 1 held out, .*data has 2 and 0; passed .* 1 \.psd'
    with pytest.raises(ValueError, match=message):
        split_folder(data, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_the_class_is_the_first_folder_at_any_depth(tmp_path):
    root = touch(tmp_path / 'data', 'a/x/1.png', 'a/y/1.png', 'b/1.png', 'b/2.png')
    assert split_folder(root, tmp_path, every=2) == ['a', 'b']
    assert lists(tmp_path) == [['a/x/1.png 0', 'b/1.png 1'], ['a/y/1.png 0', 'b/2.png 1']]


def test_links_to_train_and_val_are_followed(tmp_path):
    for name in ('train', 'val'):
        touch(tmp_path / f'disk/{name}', f'a/{name}.png', f'b/{name}.png')
        (tmp_path / 'data').mkdir(exist_ok=True)
        (tmp_path / 'data' / name).symlink_to(tmp_path / 'disk' / name)
    assert split_folder(tmp_path / 'data', tmp_path) == ['a', 'b']
    assert lists(tmp_path)[1] == ['val/a/val.png 0', 'val/b/val.png 1']


def test_classes_too_small_to_hold_out_are_reported(tmp_path, capsys):
    names = [*(f'a/{number}.png' for number in range(5)), 'b/1.png', 'c/1.png']
    split_folder(touch(tmp_path / 'data', *names), tmp_path)
    assert 'none of b/, c/, which have fewer than 5 images' in capsys.readouterr().out


def test_ambiguous_classes_are_refused_unless_without_labels(tmp_path):
    names = [f'{each}/{number}.png' for each in 'ab' for number in range(5)]
    root = touch(tmp_path / 'data', *names, 'all.png')
    message = r'all\.png: move .*, or away; with_labels=False \(--no-labels\) takes none'
    with pytest.raises(AmbiguousFolderError, match=message):
        split_folder(root, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    assert split_folder(root, tmp_path / 'out', with_labels=False) == []
    assert len(sum(lists(tmp_path / 'out'), [])) == 11


def test_a_held_out_class_that_is_not_trained_on_is_refused(tmp_path):
    names = ('train/a/1.png', 'train/b/1.png', 'val/a/2.png', 'val/c/2.png')
    with pytest.raises(AmbiguousFolderError, match=r'are in c/, a class .* classes are a/, b/'):
        split_folder(touch(tmp_path / 'data', *names), tmp_path)


def test_a_held_out_copy_is_refused(tmp_path):
    """Its accuracy would be 100 %. Different images of the same names pass."""
    for split in ('train', 'val'):
        for name in ('a/1.png', 'b/1.png'):
            path = tmp_path / 'data' / split / name
            path.parent.mkdir(parents=True)
            path.write_text(name)
    with pytest.raises(
        ValueError, match=r'are copies of .* such as val/a/1\.png of train/a/1\.png'
    ):
        split_folder(tmp_path / 'data', tmp_path)
    (tmp_path / 'data/val/b/1.png').write_text('other')
    assert split_folder(tmp_path / 'data', tmp_path) == ['a', 'b']


ODD = ('a b 3.png', 'it\'s "q" & <b> #%20.png', 'tab\tname.png', 'Ünï\u2028猫\x85.png', '5.png ')


@pytest.mark.parametrize('classes', [('', ''), ('x y/', 'z/')])
def test_mmpretrain_reads_odd_names_from_the_lists(tmp_path, classes):
    """Also names that begin with white space or a byte order mark, which lists lose."""
    names = [f'{each}{name}' for each in classes for name in ODD]
    names += [] if classes[0] else [' 1.png', '\ufeff2.png', '\t3.png']
    root = touch(tmp_path / 'data', *names)
    classes = split_folder(root, tmp_path)
    read = []
    for name in ('train', 'val'):
        dataset = CustomDataset(
            data_root=str(root), ann_file=f'{tmp_path}/{name}.txt', with_label=bool(classes)
        )
        read += [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    assert sorted(map(os.path.normpath, read)) == sorted({f'{root}/{name}' for name in names})


def test_names_that_a_list_cannot_hold_are_refused(tmp_path):
    root = touch(tmp_path / 'data', *(f'{number}.png' for number in range(9)))
    for name, shown in ((b'gr\xfcn.png', r'gr\xfcn.png'), (b'two\nlines.png', r'two\nlines.png')):
        path = os.path.join(os.fsencode(root), name)
        open(path, 'wb').close()
        message = f'1 here have, the first: {re.escape(shown)}: rename them'
        with pytest.raises(ValueError, match=message):
            split_folder(root, tmp_path / 'out')
        os.remove(path)
    assert not (tmp_path / 'out').exists()
