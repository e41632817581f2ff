"""Seed every training step and sample by its position in the run."""

import torch
from mmengine.dist import broadcast, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from npid_mm.datasets import InstanceDataset
from npid_mm.utils.seeding import mixed_seed, seed_generators


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seed every step by (seed, step, rank) and every sample by (seed, epoch, index).

    So a resumed run has the same negatives and augmentations as an uninterrupted one, for any
    number of data loader workers, and checkpoints hold no generator state.
    :class:`InstanceDataset` seeds the samples.
    """

    # after the hooks that read the seed, and before those that use a generator
    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Give the sampler of all ranks the seed of the run, which a resumed run has kept."""
        # randomness.diff_rank_seed gives each rank another seed
        seed = torch.tensor(runner.seed)
        broadcast(seed)
        self._seed = int(seed)
        sampler = runner.train_dataloader.sampler
        if hasattr(sampler, 'seed'):
            sampler.seed = self._seed

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the epoch of the data set, in all its workers."""
        dataset = runner.train_dataloader.dataset
        if isinstance(dataset, InstanceDataset):
            dataset.seed_samples(self._seed, runner.epoch)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed the generators of this rank."""
        seed_generators(mixed_seed(self._seed, runner.iter, get_rank()))
