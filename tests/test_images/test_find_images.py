"""Images of a folder, and the files and folders that are passed over."""

import os

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from npid_mm.images import ImageReader
from npid_mm.images.find_images import ENDINGS, find_images


def touch(root, *names):
    for name in names:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb'):
            pass
    return root


@pytest.mark.parametrize('ending', ENDINGS)
def test_files_with_these_endings_can_be_read(tmp_path, ending):
    path = tmp_path / f'image{ending}'
    formats = {'.pjpeg': 'JPEG', '.pjp': 'JPEG'}
    mode = '1' if ending == '.pbm' else 'L' if ending == '.pgm' else 'RGB'
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    if ending == '.npy':
        np.save(path, pixels)
    else:
        pillow_heif.register_heif_opener()
        Image.fromarray(pixels).convert(mode).save(path, formats.get(ending))
    assert find_images(tmp_path).names == [f'image{ending}']
    assert ImageReader().read(path).shape == (8, 12, 3)


def test_clutter_is_passed_over_and_counted(tmp_path):
    """From phones, cameras, editors, file servers and archives."""
    clutter = {
        'hidden': ('._1.jpg', '.trashed-1-2.jpg', '.DS_Store', 'AlbumArtSmall.jpg'),
        '__MACOSX/': ('__MACOSX/cat/1.jpg',),
        '@eaDir/': ('@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg', 'cat/@eaDir/1.jpg'),
        '#recycle/': ('#recycle/1.jpg',),
        '.thumbnails/': ('.thumbnails/1.jpg',),
        'Thumbnails/': ('Thumbnails/1.jpg',),
        '.ipynb_checkpoints/': ('.ipynb_checkpoints/1.jpg',),
        '$RECYCLE.BIN/': ('$RECYCLE.BIN/1.jpg',),
        '.db': ('Thumbs.db',),
        '.psd': ('cat/1.PSD', 'cat/2.psd'),
        'without an ending': ('README',),
        'with an unusual ending': ('1.jpg?size=large', '1.jpg~'),
    }
    root = touch(tmp_path, 'cat/1.jpg', 'dog/2.JPG', 'dog/3.jpg ', *sum(clutter.values(), ()))
    found = find_images(root)
    assert found.names == ['cat/1.jpg', 'dog/2.JPG', 'dog/3.jpg ']
    assert found.paths == [f'{root}/{name}' for name in found.names]
    assert found.passed_over == {kind: len(names) for kind, names in clutter.items()}
    remark = found.remarks()[0]
    assert remark.startswith('passed over: 4 hidden, ') and remark.endswith('other kinds of files')
    assert '2 .psd' in remark


def test_arrays_beside_images_are_not_images(tmp_path):
    """They may be masks or features."""
    touch(tmp_path, '1.jpg', '2.npy', 'deep/3.NPY')
    found = find_images(tmp_path)
    assert found.names == ['1.jpg'] and found.passed_over == {'.npy': 2}
    (tmp_path / '1.jpg').unlink()
    assert find_images(tmp_path).names == ['2.npy', 'deep/3.NPY']


def test_heic_without_its_package_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr('npid_mm.images.find_images.ENDINGS', ('.jpg',))
    touch(tmp_path, '1.heic', '2.jpg')
    assert find_images(tmp_path).remarks() == [
        'passed over: 1 .heic',
        "HEIC is read after pip install 'npid-mm[formats]'",
    ]


def test_folders_without_images_are_reported(tmp_path):
    """E.g. a class in an unreadable format; the highest folder of each."""
    root = touch(tmp_path / 'images', 'dog/1.jpg', 'cat/deep/1.psd', 'dog/raw/1.dng')
    touch(tmp_path / 'disk', 'notes.txt')
    (root / 'val').symlink_to(tmp_path / 'disk')
    found = find_images(root)
    assert found.without == ['cat', 'dog/raw', 'val']
    assert found.remarks()[1] == 'no image in cat/, dog/raw/, val/'


def test_the_given_folder_itself_may_be_hidden(tmp_path):
    found = find_images(touch(tmp_path / '.cache/__MACOSX', '1.jpg'))
    assert found.names == ['1.jpg'] and found.remarks() == []


def test_links_are_followed_and_each_image_counts_once(tmp_path):
    """To folders and files, also in circles; an image keeps its own place if that is here."""
    root, disk = tmp_path / 'images', tmp_path / 'disk'
    touch(root, 'real/1.jpg', 'real/deep/2.jpg')
    touch(disk, 'dogs/3.jpg', 'blob')
    for link, target in (
        ('dog', disk / 'dogs'),
        ('4.jpg', disk / 'blob'),
        ('a favorite.jpg', root / 'real/1.jpg'),
        ('an album', root / 'real'),
        ('real/up', root),
        ('real/deep/back', root / 'real'),
        ('real/itself', root / 'real/itself'),
        ('gone.jpg', '/nowhere/gone.jpg'),
        ('dog again', disk / 'dogs'),
    ):
        (root / link).symlink_to(target)
    found = find_images(root)
    assert found.names == ['4.jpg', 'dog/3.jpg', 'real/1.jpg', 'real/deep/2.jpg']
    assert found.passed_over == {'linked twice': 5, 'with a broken link': 2}


def test_folders_that_all_link_to_each_other_end(tmp_path):
    """Followed path by path, 12 folders have 12! paths."""
    names = [f'{number:02d}' for number in range(12)]
    for name in names:
        touch(tmp_path, f'{name}/{name}.jpg')
        for other in names:
            (tmp_path / name / f'to {other}').symlink_to(tmp_path / other)
    assert find_images(tmp_path).names == [f'{name}/{name}.jpg' for name in names]


def test_folders_that_cannot_be_listed_are_named(tmp_path, monkeypatch):
    touch(tmp_path, 'open/1.jpg', 'closed\n/2.jpg')
    scandir = os.scandir

    def closed(path):
        if str(path).endswith('closed\n'):
            raise PermissionError(13, 'Permission denied', path)
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', closed)
    found = find_images(tmp_path)
    assert found.names == ['open/1.jpg']
    assert found.remarks() == [
        rf'cannot look into 1 of the subfolders, the first: {tmp_path}/closed\n: Permission denied'
    ]


def test_a_pipe_is_not_opened(tmp_path):
    touch(tmp_path, '1.jpg')
    os.mkfifo(tmp_path / '2.jpg')
    assert find_images(tmp_path).passed_over == {'without content to read': 1}


def test_no_folder_and_no_image_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder of images at .*nowhere'):
        find_images(tmp_path / 'nowhere')
    touch(tmp_path, '1.psd', '.2.jpg')
    with pytest.raises(
        FileNotFoundError, match=r'no image in .*; passed over: 1 .*: looked .*\.jpg'
    ):
        find_images(tmp_path)
