"""Check what a data set must offer: instances that can be told apart, and labels."""

from torch.utils.data import Dataset

from .unreadable_images import ReadableDataset


def check_instances(dataset: Dataset) -> None:
    """Check that a data set names its samples 0 to N - 1, before the first step.

    Reads the first and the last sample, and the first of each part of a ``ConcatDataset``. An
    ``InstanceDataset`` numbers its samples itself, and may replace one that cannot be read.

    Raises:
        KeyError: Samples carry no ``sample_idx``.
        ValueError: ``sample_idx`` is not the position in the data set.
    """
    if isinstance(dataset, ReadableDataset):
        return
    starts = [0, *getattr(dataset, 'cumulative_sizes', [])]
    for position in sorted(
        {start for start in starts if start < len(dataset)} | {len(dataset) - 1}
    ):
        sample = dataset[position]['data_samples']
        if 'sample_idx' not in sample:
            raise KeyError(
                'the training set gives no sample_idx, which NPID needs to find a row of the '
                "memory bank: keep 'sample_idx' in PackInputs.meta_keys, or wrap the data set in "
                'InstanceDataset'
            )
        if int(sample.sample_idx) != position:
            raise ValueError(
                f'sample {position} of the training set ({len(dataset)} samples) says sample_idx='
                f'{sample.sample_idx}: its parts repeat indexes, so that images would share rows '
                "of the memory bank; wrap it: dict(type='InstanceDataset', dataset=...)"
            )
