"""Objects on a black ground are moved whole."""

import pytest
import torch

from npid_mm.models.data_preprocessors.move_object import MoveObject


def objects(count):
    """Make images of 8 x 9 pixels with an object of 3 x 2 at their lower border, in color."""
    images = torch.zeros(count, 3, 8, 9)
    images[:, :, 5:8, 1:3] = torch.rand(count, 3, 3, 2) + 0.1
    return images


def test_the_object_is_centered():
    images = objects(4)
    moved = MoveObject('center')(images)
    # five free rows and seven free columns
    assert torch.equal(moved[:, :, 2:5, 3:5], images[:, :, 5:8, 1:3])
    torch.testing.assert_close(moved.sum((1, 2, 3)), images.sum((1, 2, 3)))


def test_random_places_cover_the_image_and_keep_the_object_whole():
    torch.manual_seed(0)
    images = objects(500)
    moved = MoveObject('random')(images)
    tops, lefts = set(), set()
    for before, after in zip(images, moved, strict=True):
        ink = after.amax(0) > 0
        top, left = int(ink.any(1).int().argmax()), int(ink.any(0).int().argmax())
        assert torch.equal(after[:, top : top + 3, left : left + 2], before[:, 5:8, 1:3])
        tops.add(top)
        lefts.add(left)
    assert tops == set(range(6)) and lefts == set(range(8))


def test_an_empty_image_and_one_without_ground_stay():
    for images in (torch.zeros(2, 1, 4, 4), torch.rand(2, 1, 4, 4) + 0.1):
        for to in ('center', 'random'):
            assert torch.equal(MoveObject(to)(images), images)


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="to must be one of random, center, got 'left'"):
        MoveObject('left')
