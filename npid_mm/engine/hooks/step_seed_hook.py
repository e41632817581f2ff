"""Randomness that depends on where a run is, not on how it got there."""

import torch
from mmengine.dist import broadcast, get_rank
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS

from npid_mm.datasets import InstanceDataset
from npid_mm.utils.seeding import mixed_seed, seed_generators


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seed every step from (seed, step, rank) and every sample from (seed, epoch, index).

    A resumed run then draws the same negatives and the same augmentations as one that was never
    interrupted, with any number of data loader workers, and a checkpoint need not hold the state
    of any generator. Samples are seeded by :class:`InstanceDataset`.
    """

    # after the hooks that read the seed, before anything that draws
    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """After a resume, shuffle as the interrupted run did, and alike on all ranks."""
        # the ranks' own seeds differ under randomness.diff_rank_seed
        seed = torch.tensor(runner.seed)
        broadcast(seed)
        self._seed = int(seed)
        sampler = runner.train_dataloader.sampler
        if hasattr(sampler, 'seed'):
            sampler.seed = self._seed

    def before_train_epoch(self, runner) -> None:
        """Tell the data set, in all its workers, which epoch it is."""
        dataset = runner.train_dataloader.dataset
        if isinstance(dataset, InstanceDataset):
            dataset.seed_samples(self._seed, runner.epoch)

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Seed this rank's generators for the step."""
        seed_generators(mixed_seed(self._seed, runner.iter, get_rank()))
