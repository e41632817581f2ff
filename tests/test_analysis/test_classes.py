"""Class names from folders."""

import pytest

from npid_mm.analysis.classes import class_names


class Listed(list):
    """A data set of (path, label)."""

    def get_data_info(self, index):
        path, label = self[index]
        return {'img_path': path, 'gt_label': label}


@pytest.mark.parametrize(
    'train, val, names',
    [
        ([('/d/a/1.png', 0), ('/d/b/1.png', 1)], [('/d/a/2.png', 0)], ['a', 'b']),
        # quickstart's classes are the topmost folders, not the parent folders
        ([('/d/a/x/1.png', 0), ('/d/b/y/1.png', 1)], [('/d/a/z/2.png', 0)], ['a', 'b']),
        # Places205 sorts its classes into folders by their first letter
        ([('/d/a/abbey/1.png', 0), ('/d/a/alley/1.png', 1)], [('/d/b/bar/2.png', 2)],
         ['abbey', 'alley', 'bar']),
        ([('d/a/1.png', 0), ('d/b/1.png', 2)], [], ['a', '1', 'b']),
        ([('/d/a/1.png', 0), ('/d/a/2.png', 1)], [], None),
        ([('/d/a/1.png', 0), ('/d/b/2.png', None)], [], None),
    ],
)  # fmt: skip
def test_names_are_those_of_folders_that_tell_the_classes_apart(train, val, names):
    assert class_names(Listed(train), Listed(val)) == names


def test_a_given_split_is_not_a_class(tmp_path):
    """The folders train and val are not classes, but their subfolders are."""
    for name in ('train', 'val'):
        (tmp_path / name).mkdir()
    train = Listed([(f'{tmp_path}/train/a/x/1.png', 0), (f'{tmp_path}/train/b/1.png', 1)])
    assert class_names(train, Listed([(f'{tmp_path}/val/b/2.png', 1)])) == ['a', 'b']
