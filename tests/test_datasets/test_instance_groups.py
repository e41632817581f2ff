"""Groups of copies from a table, matched with the images of a training set."""

from types import SimpleNamespace

import pytest

from npid_mm.datasets import instance_groups
from npid_mm.datasets.instance_groups import read_groups, set_groups

NAMES = ['cat/1.png', 'cat/2.png', 'dog/1.png', '3.png']
TABLE = """path,label,group
/data/cat/1.png,cat,0
/data/dog/1.png,dog,0
/data/cat/2.png,cat,1
/data/3.png,,1
/elsewhere/val/7.png,,1
/data/4.png,,
"""


def write(path, text):
    path.write_text(text)
    return str(path)


def test_paths_are_matched_by_their_ends(tmp_path):
    """An image of another set is ignored."""
    assert read_groups(write(tmp_path / 'a.csv', TABLE), NAMES) == [[0, 2], [1, 3]]
    assert read_groups(write(tmp_path / 'b.csv', TABLE), NAMES[:2]) == []  # one image each


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('path,label\n', r"must have the columns path and group, .* got \['path', 'label'\]"),
        ('path,group\n/x.png,0\n', 'has none of the 4 training images, such as cat/1.png'),
        ('path,group\n/a/3.png,0\n/b/3.png,1\n', 'has two paths of the image 3.png, /a/3.png and'),
    ],
)
def test_wrong_tables_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_groups(write(tmp_path / 'a.csv', text), NAMES)


def test_a_head_gets_instances(tmp_path, monkeypatch):
    given = []
    head = SimpleNamespace(groups=None, set_groups=lambda *groups: given.append(groups))
    set_groups(head, NAMES)
    assert given == []
    monkeypatch.setattr(instance_groups, 'image_names', lambda dataset: dataset)
    for groups in ([[0, 1]], write(tmp_path / 'a.csv', TABLE)):
        head.groups = groups
        set_groups(head, NAMES)
    assert given == [([[0, 1]], 4), ([[0, 2], [1, 3]], 4)]
    monkeypatch.setattr(instance_groups, 'image_names', lambda dataset: None)
    with pytest.raises(ValueError, match='needs images with paths'):
        set_groups(head, NAMES)
    head.groups = 'missing.csv'
    monkeypatch.setattr(instance_groups, 'image_names', lambda dataset: dataset)
    with pytest.raises(FileNotFoundError, match='head.groups not found: missing.csv'):
        set_groups(head, NAMES)
