"""Names of images, and training sets that repeat images."""

import shutil

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmpretrain.datasets import CustomDataset

from npid_mm.datasets import InstanceDataset, check_repeats, image_names
from npid_mm.datasets.image_names import pack_names, relative_names, unpack_names

READ = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def folder(root, **arguments):
    return CustomDataset(data_root=str(root), pipeline=READ, **arguments)


class InMemory(CustomDataset):
    """Images of one pixel, in memory as those of CIFAR-10."""

    def __init__(self, values):
        self.values = values
        super().__init__(data_root='.', pipeline=[])

    def load_data_list(self):
        pixels = [np.full((1, 1, 3), value, np.uint8) for value in self.values]
        return [dict(img=each, gt_label=0) for each in pixels]


def test_names_do_not_depend_on_where_the_images_are(digits, tmp_path):
    """Nor on the part of their paths that the list has."""
    shutil.copytree(digits / 'val', tmp_path / 'moved')
    listed = image_names(folder(digits / 'val'))
    assert listed[0].startswith('0/') and len(set(listed)) == len(listed)
    assert image_names(InstanceDataset(folder(tmp_path / 'moved'))) == listed
    lines = [f'val/{name} 0' for name in listed]
    (tmp_path / 'list.txt').write_text('\n'.join(lines))
    named = folder(digits, ann_file=str(tmp_path / 'list.txt'))
    assert image_names(named) == listed


@pytest.mark.parametrize(
    ('paths', 'names'),
    [
        (['a/b/1.jpg', 'a/b/2.jpg'], ['1.jpg', '2.jpg']),
        (['a/b/1.jpg', 'a/bc/1.jpg'], ['b/1.jpg', 'bc/1.jpg']),
        (['a/b/1.jpg', 'a/b-c/1.jpg', 'a/b/c/1.jpg'], ['b/1.jpg', 'b-c/1.jpg', 'b/c/1.jpg']),
        (['a/./1.jpg', 'a/2.jpg'], ['1.jpg', '2.jpg']),
        (['/1.jpg'], ['1.jpg']),
        ([], []),
    ],
)
def test_the_common_folder_is_left_out(paths, names):
    assert relative_names(paths) == names


def test_images_in_memory_are_identified_by_their_pixels():
    one, other = image_names(InMemory([1, 2, 3])), image_names(InMemory([1, 5, 3]))
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, False, True]
    check_repeats(InMemory([1, 1]), image_names(InMemory([1, 1])))  # allowed


def test_samples_without_path_and_image_have_no_names():
    assert image_names(torch.utils.data.TensorDataset(torch.ones(3))) is None


def test_packed_names_are_small_and_unpack_to_the_same():
    names = [f'n{number // 100:08}/n{number // 100:08}_{number}.JPEG' for number in range(10000)]
    packed = pack_names(names)
    assert unpack_names(packed, 10000) == names
    assert packed.dtype == torch.uint8 and len(packed) < 8 * len(names)
    odd = ['zwö.jpg', 'new\nline.jpg', 'latin\udce4.jpg']
    assert unpack_names(pack_names(odd), 3) == odd


@pytest.mark.parametrize(
    'packed',
    [
        pack_names(['a', 'b'])[:-4],
        torch.arange(10, dtype=torch.uint8),
        pack_names(['a' * 10_000_000]),  # expands a thousandfold
        pack_names([''] * 4),  # each name takes far more memory than its byte
        'no tensor',
    ],
)
def test_damaged_lists_are_refused(packed):
    with pytest.raises(ValueError, match='the list of images in the checkpoint is damaged'):
        unpack_names(packed, limit=3)


def test_wrappers_that_repeat_images_are_refused(digits):
    """Also inside other wrappers."""
    part = folder(digits / 'val', indices=4)
    below = dict(type='RepeatDataset', dataset=part, times=2)
    for dataset in (RepeatDataset(part, times=2), InstanceDataset(ConcatDataset([part, below]))):
        with pytest.raises(ValueError, match='but RepeatDataset repeats images.*max_epochs'):
            check_repeats(dataset, image_names(dataset))


def test_a_list_that_names_images_twice_is_refused(digits):
    part = folder(digits / 'val', indices=5)
    dataset = InstanceDataset(ConcatDataset([part, folder(digits / 'val', indices=4)]))
    names = image_names(dataset)
    message = (
        f'4 of its 9 samples repeat an earlier one ({names[0]} at 0 and 5, {names[1]} at 1 and 6, '
        f'{names[2]} at 2 and 7, ...), which would be its own negative: remove the repeated lines'
    )
    with pytest.raises(ValueError) as caught:
        check_repeats(dataset, names)
    assert message in str(caught.value)
    check_repeats(part, image_names(part))
