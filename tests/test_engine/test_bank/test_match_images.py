"""Rows of images that came, went, moved or are others."""

import pytest

from npid_mm.engine.bank import match_images


def test_images_are_known_by_their_paths():
    growth = match_images(['1', '2', '3'], ['0', '3', '1', '4'], 'epoch_1.pth')
    assert growth.source.tolist() == [-1, 2, 0, -1]
    assert growth.new.tolist() == [0, 3] and growth.kept.tolist() == [1, 2]
    assert str(growth) == '2 images kept, 2 added, 1 removed'


def test_a_folder_beside_the_first_one_changes_no_path():
    """Though names start from another folder then, and a/1 is 1 in the checkpoint."""
    saved, present = ['1', '2'], ['a/1', 'a/2', 'b/1']
    folders = ('/data/a/', '/data/')
    assert match_images(saved, present, '', folders).source.tolist() == [0, 1, -1]
    assert match_images(present, saved, '', folders[::-1]).source.tolist() == [0, 1]


def test_a_folder_may_move():
    growth = match_images(['1', '2'], ['2', '3'], '', ('/old/', '/new/'))
    assert growth.source.tolist() == [1, -1]


def test_other_images_are_refused():
    message = 'none of the 1 training images has a row in run.pth, .* on 2 others, such as a/1'
    with pytest.raises(ValueError, match=message):
        match_images(['a/1', 'a/2'], ['b/1'], 'run.pth', ('/x/', '/x/'))
    with pytest.raises(ValueError, match='rows of run.pth can follow images that have paths'):
        match_images(['pixels 00ff'], ['pixels 00ff'], 'run.pth')
