"""Check that the samples of a training set are numbered by position."""

from mmengine.dataset import BaseDataset

from .tolerant_dataset import TolerantDataset


def check_instances(dataset: BaseDataset) -> None:
    """Check that a data set numbers its samples 0 to N - 1, before the first step.

    Reads the first and the last sample, and the first of each part of a ``ConcatDataset``. An
    ``InstanceDataset`` is not read, as it numbers its samples itself.

    Raises:
        KeyError: If samples have no ``sample_idx``.
        ValueError: If ``sample_idx`` is not the position in the data set.
    """
    if isinstance(dataset, TolerantDataset):
        return
    last = len(dataset) - 1
    for position in sorted({0, last, *getattr(dataset, 'cumulative_sizes', [])}):
        if position > last:
            continue
        sample = dataset[position]['data_samples']
        if 'sample_idx' not in sample:
            raise KeyError(
                'samples of the training set have no sample_idx, which NPID needs to find a row of '
                "the memory bank: keep 'sample_idx' in PackInputs.meta_keys, or wrap the data set "
                'in InstanceDataset'
            )
        if int(sample.sample_idx) != position:
            raise ValueError(
                f'sample {position} of the training set ({len(dataset)} samples) has sample_idx='
                f'{sample.sample_idx}: its parts repeat indexes, so that images would share rows '
                "of the memory bank; wrap it: dict(type='InstanceDataset', dataset=...)"
            )
