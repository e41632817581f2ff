"""One index per image, whatever the data set below does."""

import pytest
import torch
from mmengine.dataset import BaseDataset, ConcatDataset, default_collate
from mmpretrain.datasets import CustomDataset
from torch.utils.data import DataLoader

from npid_mm.datasets import InstanceDataset, check_instances, dataset_labels
from npid_mm.datasets.unreadable_images import TooManyUnreadableError

READ = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def folder(root, **arguments):
    return CustomDataset(data_root=str(root), pipeline=READ, **arguments)


@pytest.fixture
def broken(digits, tmp_path):
    """Twenty images, of which numbers 3 and 11 cannot be read."""
    paths = sorted((digits / 'train').rglob('*.png'))[:20]
    for number, path in enumerate(paths):
        content = b'no image' if number in (3, 11) else path.read_bytes()
        (tmp_path / f'{number:02d}.png').write_bytes(content)
    return folder(tmp_path, with_label=False)


def index_of(sample):
    return sample['data_samples'].sample_idx


def test_parts_of_a_concatenation_get_positions_of_the_whole(digits):
    parts = [folder(digits / 'train', indices=5), folder(digits / 'val', indices=4)]
    dataset = InstanceDataset(ConcatDataset(parts))
    assert [index_of(dataset[i]) for i in range(9)] == list(range(9))
    assert torch.equal(dataset[7]['inputs'], parts[1][2]['inputs'])
    check_instances(dataset)


def test_repeated_indexes_are_refused_by_name(digits):
    parts = [folder(digits / 'train', indices=5), folder(digits / 'val', indices=4)]
    message = r'sample 5 of the training set \(9 samples\) says sample_idx=0.*InstanceDataset'
    with pytest.raises(ValueError, match=message):
        check_instances(ConcatDataset(parts))


def test_samples_without_index_are_refused(digits):
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs', meta_keys=['img_path'])]
    dataset = CustomDataset(data_root=str(digits / 'val'), pipeline=pipeline)
    with pytest.raises(KeyError, match='gives no sample_idx.*PackInputs.meta_keys'):
        check_instances(dataset)
    check_instances(InstanceDataset(dataset))


def test_unreadable_image_stops_the_run_with_its_path(broken):
    with pytest.raises(TooManyUnreadableError, match=r'cannot read 1 of 20 .*\n.*03\.png'):
        InstanceDataset(broken)[3]


def test_one_image_may_always_be_unreadable_where_any_may(broken):
    """1 % of a folder of 20 is none, and a training would end at its first bad file."""
    dataset = InstanceDataset(broken, max_unreadable=0.01)
    assert index_of(dataset[3]) != 3
    with pytest.raises(TooManyUnreadableError, match='cannot read 2 of 20 .* allows 1; remove'):
        dataset[11]


def test_the_first_image_may_be_an_unreadable_one(digits, tmp_path):
    """Another instance takes its place, which is not a repeated index."""
    (tmp_path / '00.png').write_bytes(b'no image')
    path = next((digits / 'train').rglob('*.png'))
    for name in ('01.png', '02.png'):
        (tmp_path / name).write_bytes(path.read_bytes())
    dataset = InstanceDataset(folder(tmp_path, with_label=False), max_unreadable=0.01)
    assert index_of(dataset[0]) != 0
    check_instances(dataset)


def test_the_message_of_a_worker_has_each_path_and_reason_and_no_traceback(broken):
    dataset = InstanceDataset(broken, max_unreadable=0.05)
    loader = DataLoader(dataset, sampler=[3, 4, 11, 5], num_workers=1, collate_fn=default_collate)
    with pytest.raises(TooManyUnreadableError) as error:
        list(loader)
    lines = str(error.value).splitlines()
    assert len(lines) == 3 and lines[0].startswith('cannot read 2 of 20 images')
    assert [line.split(': ')[0].rpartition('/')[2] for line in lines[1:]] == ['03.png', '11.png']


def test_unreadable_images_are_replaced_index_and_image_together(broken):
    dataset = InstanceDataset(broken, max_unreadable=0.2)
    for _ in range(5):
        sample = dataset[3]
        assert index_of(sample) not in (3, 11)
        assert torch.equal(sample['inputs'], broken[index_of(sample)]['inputs'])


def test_workers_count_unreadable_images_together(broken):
    """One is allowed, two are there, and no worker sees both: the run must stop."""
    dataset = InstanceDataset(broken, max_unreadable=0.05)
    loader = DataLoader(dataset, sampler=[3, 4, 11, 5], num_workers=2, collate_fn=default_collate)
    with pytest.raises(TooManyUnreadableError, match=r'(?s)cannot read 2 of 20.*03\.png.*11\.png'):
        list(loader)


def test_a_data_set_that_fetches_another_image_itself_keeps_index_and_image_together(broken):
    """MMPretrain replaces an image whose pipeline gives None, silently."""
    pipeline = [dict(type='LoadImageFromFile', ignore_empty=True), dict(type='PackInputs')]
    paths = [dict(img_path=broken.get_data_info(i)['img_path']) for i in range(20)]

    class Refetching(BaseDataset):
        def load_data_list(self):
            return paths

        def prepare_data(self, index):
            return None if index in (3, 11) else super().prepare_data(index)

    from mmpretrain.registry import TRANSFORMS

    refetching = Refetching(pipeline=[TRANSFORMS.build(each) for each in pipeline])
    dataset = InstanceDataset(refetching, max_unreadable=0.2)
    sample = dataset[11]
    assert torch.equal(sample['inputs'], broken[index_of(sample)]['inputs'])
    with pytest.raises(TooManyUnreadableError, match=r'cannot read 1 of 20.*\n.*11\.png'):
        InstanceDataset(refetching)[11]


@pytest.mark.parametrize('share', [-0.1, 1, 'few'])
def test_wrong_share_is_refused(broken, share):
    with pytest.raises(ValueError, match=rf'max_unreadable must be in \[0, 1\), got {share!r}'):
        InstanceDataset(broken, max_unreadable=share)


def test_labels_follow_the_instances(digits):
    dataset = InstanceDataset(dict(type='CustomDataset', data_root=str(digits / 'val')))
    names = [dataset.get_data_info(i)['img_path'].split('/')[-2] for i in range(len(dataset))]
    assert dataset_labels(dataset).tolist() == [int(name) for name in names]


def test_data_without_labels_says_so(broken):
    with pytest.raises(ValueError, match='must have one label .* per image, but .*None'):
        dataset_labels(broken)


def test_fraction_keeps_every_class_and_renumbers(digits):
    """The index must be the position in what is kept: the bank has a row for each of those."""
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


@pytest.mark.parametrize('fraction', [0, 1.5, 'half'])
def test_fraction_out_of_range(digits, fraction):
    with pytest.raises(ValueError, match=rf'fraction must be in \(0, 1\], got {fraction!r}'):
        InstanceDataset(folder(digits / 'val'), fraction=fraction)
