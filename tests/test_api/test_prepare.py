"""Preparing a training: the batch of several processes, and lists that belong to a checkpoint."""

import pytest

from npid_mm.api.prepare import prepared_training
from npid_mm.api.run_folder import kept_lists

from .conftest import SETTINGS

LEARNING_RATE = 'optim_wrapper.optimizer.lr'


@pytest.mark.slow
def test_processes_share_the_batch_and_not_the_learning_rate(photographs, tmp_path):
    configs = []
    for ranks in (1, 4):
        with prepared_training(photographs, tmp_path / f'{ranks}', ranks=ranks, **SETTINGS) as cfg:
            configs.append(cfg)
    one, four = configs
    assert (one.train_dataloader.batch_size, four.train_dataloader.batch_size) == (20, 5)
    assert one.optim_wrapper == four.optim_wrapper and one.param_scheduler == four.param_scheduler
    assert one.auto_scale_lr.base_batch_size == four.auto_scale_lr.base_batch_size == 20
    for ranks, nearest in ((3, 18), (16, 32)):
        message = (
            rf'--gpus {ranks} and at least {2 * ranks}, .* got 20: give --batch-size {nearest}'
        )
        with pytest.raises(ValueError, match=message):
            with prepared_training(photographs, tmp_path / 'no', ranks=ranks, **SETTINGS):
                pass
        assert not (tmp_path / 'no').exists()


def test_the_lists_are_those_of_the_newest_checkpoint(tmp_path):
    """Also if a training on other images failed before its first checkpoint."""
    lists = [tmp_path / name for name in ('train.txt', 'val.txt')]

    def train(images, checkpoint=None):
        with kept_lists(tmp_path):
            lists[0].write_text(images)
            lists[1].unlink(missing_ok=True)
            if checkpoint is None:
                raise ValueError('refused')
            (tmp_path / checkpoint).write_bytes(b'weights')

    def present():
        return [path.read_text() if path.is_file() else None for path in lists]

    with pytest.raises(ValueError, match='refused'):
        train('one')
    assert present() == ['one', None]  # there was no checkpoint whose lists could return
    train('two', 'epoch_1.pth')
    lists[1].write_text('held out')
    with pytest.raises(ValueError, match='refused'):
        train('three')
    assert present() == ['two', 'held out']
    train('four', 'epoch_2.pth')
    assert present() == ['four', None]
