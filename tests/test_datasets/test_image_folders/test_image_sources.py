"""Folders, image files and lists of images, as a user names them."""

import os

import pytest

from npid_mm.datasets.image_folders.image_sources import named_images
from npid_mm.datasets.image_folders.split_names import AmbiguousFolderError


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    return root


def under(root, found):
    """Paths below a folder, with their classes."""
    names = [os.path.relpath(path, root) for path in found.paths]
    return list(zip(names, found.labels, strict=True))


def test_folders_and_files_are_joined_in_their_order(tmp_path):
    touch(tmp_path, 'b/2.png', 'b/1.png', 'a/3.jpg', 'one.jpg')
    found = named_images([tmp_path / 'b', str(tmp_path / 'one.jpg'), tmp_path / 'a'])
    assert under(tmp_path, found) == [
        ('b/1.png', None),
        ('b/2.png', None),
        ('one.jpg', None),
        ('a/3.jpg', None),
    ]
    assert named_images(iter([tmp_path / 'one.jpg'])).paths == [str(tmp_path / 'one.jpg')]


@pytest.mark.parametrize('training', [False, True])
def test_class_folders_give_labels(tmp_path, training):
    touch(tmp_path, 'cat/1.png', 'dog/1.png', 'dog/2.png')
    expected = [('cat/1.png', 'cat'), ('dog/1.png', 'dog'), ('dog/2.png', 'dog')]
    found = named_images(tmp_path, training)
    assert under(tmp_path, found) == expected and found.held_out == [False] * 3
    found = named_images(tmp_path, training, with_labels=False)
    assert found.labels == [None] * 3


def test_a_split_is_held_out_in_training_only(tmp_path):
    touch(tmp_path, 'train/a/1.png', 'train/b/1.png', 'val/a/2.png', 'test/a/3.png')
    found = named_images(tmp_path, training=True)
    assert under(tmp_path, found) == [
        ('train/a/1.png', 'a'),
        ('train/b/1.png', 'b'),
        ('val/a/2.png', 'a'),
    ]
    assert found.held_out == [False, False, True]
    assert found.remarks == ['held out: val/', 'not used: 1 in test/']
    assert len(named_images(tmp_path).paths) == 4


def test_ambiguous_folders_are_refused_in_training_and_have_no_class_otherwise(tmp_path):
    touch(tmp_path, 'cat/1.png', 'dog/1.png', '1.png')
    with pytest.raises(AmbiguousFolderError, match=r'lie outside the class folders cat/, dog/'):
        named_images(tmp_path, training=True)
    found = named_images(tmp_path)
    assert found.labels == [None] * 3 and found.remarks[0].startswith('no classes: 1 of the images')


LISTS = {
    'plain.txt': ('a/1.png\n\nb 2.png\n', [None, None]),
    'labels.txt': ('a/1.png 3\nb 2.png 10\n', ['3', '10']),
    'mark.txt': ('\ufeffa/1.png\r\nb 2.png\r\n', [None, None]),
    'one.csv': ('a/1.png\nb 2.png\n', [None, None]),
    'header.csv': ('path\na/1.png\n"b 2.png"\n', [None, None]),
    'labels.csv': ('id,Label,Path\n0,cat,a/1.png\n1,"dog, wet",b 2.png\n', ['cat', 'dog, wet']),
    'mark.CSV': ('\ufeffpath,label\na/1.png,x\nb 2.png,y\n', ['x', 'y']),
}


@pytest.mark.parametrize('name', LISTS)
def test_lists_start_from_their_folder(tmp_path, name, monkeypatch):
    text, labels = LISTS[name]
    touch(tmp_path, 'a/1.png', 'b 2.png')
    (tmp_path / name).write_text(text, encoding='utf-8')
    monkeypatch.chdir('/')
    found = named_images(tmp_path / name)
    assert under(tmp_path, found) == list(zip(['a/1.png', 'b 2.png'], labels, strict=True))
    assert named_images(tmp_path / name, with_labels=False).labels == [None, None]


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('x.txt', '1.png\nno.png\n', r'1 of 2 are not there, the first: .*/no\.png in line 2'),
        ('x.txt', '1.png 0\n2.png\n', r'a label in each line or in none, got none in line 2'),
        ('x.csv', 'file,class\n1.png,0\n', 'a column called path .* got the columns file, class'),
        ('x.csv', 'path,label\n1.png,0\n2.png,\n', r'got none in line 3 \(1 of 2 lines\)'),
        ('x.txt', '\n', 'must name at least one image, got none'),
        ('x.csv', '', 'must name at least one image, got none'),
    ],
)
def test_wrong_lists_are_told(tmp_path, name, text, message):
    touch(tmp_path, '1.png', '2.png')
    (tmp_path / name).write_text(text)
    with pytest.raises((FileNotFoundError, ValueError), match=message):
        named_images(tmp_path / name)


def test_wrong_images_are_told(tmp_path):
    touch(tmp_path, '1.png', 'empty/notes.md')
    with pytest.raises(FileNotFoundError, match=r'1 of 2 are not there, .*/no\.png at position 2'):
        named_images([tmp_path / '1.png', tmp_path / 'no.png'])
    with pytest.raises(FileNotFoundError, match='no image in .*empty; passed over: 1 .md'):
        named_images([tmp_path / '1.png', tmp_path / 'empty'])
    with pytest.raises(ValueError, match='must name at least one image, got none'):
        named_images([])
    for wrong in (3, [tmp_path / '1.png', 3]):
        with pytest.raises(TypeError, match='an image file, or several of these, got int'):
            named_images(wrong)
