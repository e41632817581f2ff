"""Marks of a page, and the list of the images that remain."""

import pytest

from npid_mm.curation.marks import read_marks, remaining_list

PATHS = ['/a/1.png', '/a/2, x.png', '/b/3\t.png']


def write(path, text):
    path.write_text(text, newline='')
    return path


def test_marked_images_are_left_out(tmp_path):
    text = 'path,mark\n"/a/2, x.png",remove\n/b/3\\t.png,remove\n/a/1.png,keep\n'
    removed = read_marks(write(tmp_path / 'marks.csv', text))
    assert removed == {'/a/2, x.png', '/b/3\\t.png'}
    assert remaining_list(PATHS, ['dog', 'cat', 'cat'], removed) == ('/a/1.png 1\n', 1)
    assert remaining_list(PATHS, ['dog', None, 'cat'], removed) == ('/a/1.png\n', 1)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('path\n', r"must have the columns path and mark, got \['path'\]"),
        ('path,mark\nx,delete\n', "must have the marks remove and keep, got 'delete' for x"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_marks(write(tmp_path / 'marks.csv', text))


def test_marks_of_other_images_are_refused():
    with pytest.raises(ValueError, match='name 1 images that are not there, such as /c.png'):
        remaining_list(PATHS, [None] * 3, {'/c.png'})
