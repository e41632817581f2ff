"""Data sets that tolerate a share of unreadable images."""

import pytest
from mmengine.dataset import default_collate
from torch.utils.data import DataLoader

from npid_mm.datasets import InstanceDataset
from npid_mm.datasets.tolerant_dataset import TooManyUnreadableError


def test_an_unreadable_image_is_an_error_with_its_path(broken):
    with pytest.raises(TooManyUnreadableError, match=r'cannot read 1 of 20 .*\n.*03\.png'):
        InstanceDataset(broken)[3]


def test_above_0_one_image_may_always_be_unreadable(broken):
    """1 % of 20 images would be none."""
    dataset = InstanceDataset(broken, max_unreadable=0.01)
    dataset.seed_samples(1, 0)  # which takes a readable image in the place of this one
    assert dataset[3]['data_samples'].sample_idx not in (3, 11)
    with pytest.raises(TooManyUnreadableError, match='cannot read 2 of 20 .* allows 1; remove'):
        dataset[11]


def test_the_error_of_a_worker_lists_paths_and_has_no_traceback(broken):
    dataset = InstanceDataset(broken, max_unreadable=0.05)
    loader = DataLoader(dataset, sampler=[3, 4, 11, 5], num_workers=1, collate_fn=default_collate)
    with pytest.raises(TooManyUnreadableError) as error:
        list(loader)
    lines = str(error.value).splitlines()
    assert len(lines) == 3 and lines[0].startswith('cannot read 2 of 20 images')
    assert [line.split(': ')[0].rpartition('/')[2] for line in lines[1:]] == ['03.png', '11.png']


def test_workers_count_unreadable_images_together(broken):
    """One is allowed, two exist, and no worker sees both."""
    dataset = InstanceDataset(broken, max_unreadable=0.05)
    loader = DataLoader(dataset, sampler=[3, 4, 11, 5], num_workers=2, collate_fn=default_collate)
    with pytest.raises(TooManyUnreadableError, match=r'(?s)cannot read 2 of 20.*03\.png.*11\.png'):
        list(loader)


@pytest.mark.parametrize('share', [-0.1, 1, 'few'])
def test_max_unreadable_out_of_range(broken, share):
    with pytest.raises(ValueError, match=rf'max_unreadable must be in \[0, 1\), got {share!r}'):
        InstanceDataset(broken, max_unreadable=share)


@pytest.mark.parametrize('fraction', [0, 1.5, 'half'])
def test_fraction_out_of_range(broken, fraction):
    with pytest.raises(ValueError, match=rf'fraction must be in \(0, 1\], got {fraction!r}'):
        InstanceDataset(broken, fraction=fraction)
