"""The index of every sample, and the replacement of unreadable images."""

import pytest
import torch
from mmengine.dataset import BaseDataset, ConcatDataset
from mmpretrain.datasets import CustomDataset
from mmpretrain.registry import TRANSFORMS

from npid_mm.datasets import InstanceDataset, check_instances, dataset_labels
from npid_mm.datasets.tolerant_dataset import TooManyUnreadableError

READ = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def folder(root, **arguments):
    return CustomDataset(data_root=str(root), pipeline=READ, **arguments)


def index_of(sample):
    return sample['data_samples'].sample_idx


def test_parts_of_a_concatenation_are_numbered_as_a_whole(digits):
    parts = [folder(digits / 'train', indices=5), folder(digits / 'val', indices=4)]
    dataset = InstanceDataset(ConcatDataset(parts))
    assert [index_of(dataset[i]) for i in range(9)] == list(range(9))
    assert torch.equal(dataset[7]['inputs'], parts[1][2]['inputs'])
    check_instances(dataset)


def test_the_first_image_may_be_unreadable(digits, tmp_path):
    """Its replacement is not a repeated index."""
    (tmp_path / '00.png').write_bytes(b'no image')
    path = next((digits / 'train').rglob('*.png'))
    for name in ('01.png', '02.png'):
        (tmp_path / name).write_bytes(path.read_bytes())
    dataset = InstanceDataset(folder(tmp_path, with_label=False), max_unreadable=0.01)
    assert index_of(dataset[0]) != 0
    check_instances(dataset)


def test_an_unreadable_image_is_replaced_with_its_index(broken):
    dataset = InstanceDataset(broken, max_unreadable=0.2)
    for _ in range(5):
        sample = dataset[3]
        assert index_of(sample) not in (3, 11)
        assert torch.equal(sample['inputs'], broken[index_of(sample)]['inputs'])


def test_an_image_that_the_data_set_replaces_itself_keeps_its_index(broken):
    """MMEngine silently replaces an image whose pipeline returns None."""
    pipeline = [dict(type='LoadImageFromFile', ignore_empty=True), dict(type='PackInputs')]
    paths = [dict(img_path=broken.get_data_info(i)['img_path']) for i in range(20)]

    class Refetching(BaseDataset):
        def load_data_list(self):
            return paths

        def prepare_data(self, index):
            return None if index in (3, 11) else super().prepare_data(index)

    refetching = Refetching(pipeline=[TRANSFORMS.build(each) for each in pipeline])
    dataset = InstanceDataset(refetching, max_unreadable=0.2)
    sample = dataset[11]
    assert torch.equal(sample['inputs'], broken[index_of(sample)]['inputs'])
    with pytest.raises(TooManyUnreadableError, match=r'cannot read 1 of 20.*\n.*11\.png'):
        InstanceDataset(refetching)[11]


def test_labels_follow_the_instances(digits):
    dataset = InstanceDataset(dict(type='CustomDataset', data_root=str(digits / 'val')))
    names = [dataset.get_data_info(i)['img_path'].split('/')[-2] for i in range(len(dataset))]
    assert dataset_labels(dataset).tolist() == [int(name) for name in names]


def test_fraction_keeps_every_class_and_renumbers(digits):
    """The bank has a row for each image that is kept."""
    whole = CustomDataset(data_root=str(digits), data_prefix='train', pipeline=READ)
    dataset = InstanceDataset(whole, fraction=0.1)
    assert len(dataset) == round(0.1 * len(whole))
    check_instances(dataset)
    counts = dataset_labels(dataset).bincount(minlength=10)
    shares = 0.1 * dataset_labels(whole).bincount()
    assert (counts - shares).abs().max() <= 1
    last = dataset[len(dataset) - 1]
    assert index_of(last) == len(dataset) - 1
    path = dataset.get_data_info(len(dataset) - 1)['img_path']
    assert last['data_samples'].img_path == path
