"""Epoch-based training loop that can resume in the middle of an epoch."""

from typing import Any

from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop
from mmpretrain.registry import LOOPS

# key in a checkpoint for the number of samples of the epoch that all ranks together had seen
SEEN = 'samples_seen_in_epoch'


@LOOPS.register_module()
class ResumableTrainLoop(EpochBasedTrainLoop):
    """EpochBasedTrainLoop that continues with the remaining batches of a resumed epoch.

    The number of ranks and the batch size may change on resume. The sampler must be
    :class:`ResumableSampler`. Takes the arguments of ``EpochBasedTrainLoop``.

    Raises:
        ValueError: If the data set has fewer images than a batch.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not len(self.dataloader):
            count, ranks = len(self.dataloader.dataset), get_world_size()
            raise ValueError(
                f'train_dataloader has no full batch: {count} images are fewer than {ranks} ranks '
                f'x batch_size={self.dataloader.batch_size}, and drop_last=True leaves out the '
                f'rest; set batch_size to at most {max(1, count // ranks)}'
            )

    def run_epoch(self) -> None:
        """Iterate over the remaining batches of the epoch."""
        # the checkpoint is loaded after __init__
        hub = self.runner.message_hub
        samples_per_step = (self.dataloader.batch_size or 1) * get_world_size()
        done = hub.get_info(SEEN, 0) // samples_per_step
        if done:
            self._skip(done)
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for idx, data_batch in enumerate(self.dataloader, start=done):
            hub.update_info(SEEN, (idx + 1) * samples_per_step)
            self.run_iter(idx, data_batch)
        hub.update_info(SEEN, 0)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
        # a hook of this name saves a checkpoint that counts the epoch
        self.runner.call_hook('after_finished_epoch')

    def _skip(self, steps: int) -> None:
        """Let the next pass over the data start after ``steps`` batches.

        Raises:
            TypeError: If the sampler does not support it.
        """
        sampler = self.dataloader.sampler
        if not hasattr(sampler, 'skip'):
            raise TypeError(
                'the checkpoint is from the middle of an epoch, where only '
                "train_dataloader.sampler=dict(type='ResumableSampler', ...) can continue, got "
                f'{type(sampler).__name__}: change it, or resume from an epoch_*.pth'
            )
        sampler.skip(steps * self.dataloader.batch_size)
        self.runner.logger.info(
            f'continuing in epoch {self.epoch + 1} after step {steps} of {len(self.dataloader)}'
        )
