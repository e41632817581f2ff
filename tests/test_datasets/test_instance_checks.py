"""Training sets whose samples are not numbered by position."""

import pytest
from mmengine.dataset import ConcatDataset
from mmpretrain.datasets import CustomDataset

from npid_mm.datasets import InstanceDataset, check_instances

READ = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def folder(root, **arguments):
    return CustomDataset(data_root=str(root), pipeline=READ, **arguments)


def test_repeated_indices_are_refused(digits):
    parts = [folder(digits / 'train', indices=5), folder(digits / 'val', indices=4)]
    message = r'sample 5 of the training set \(9 samples\) has sample_idx=0.*InstanceDataset'
    with pytest.raises(ValueError, match=message):
        check_instances(ConcatDataset(parts))


def test_samples_without_an_index_are_refused(digits):
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs', meta_keys=['img_path'])]
    dataset = CustomDataset(data_root=str(digits / 'val'), pipeline=pipeline)
    with pytest.raises(KeyError, match='have no sample_idx.*PackInputs.meta_keys'):
        check_instances(dataset)
    check_instances(InstanceDataset(dataset))
