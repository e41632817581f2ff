"""Size, check, initialize and log the memory bank of a training."""

from typing import Any

import torch
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook, SyncBuffersHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor

from npid_mm.datasets import check_instances, dataset_labels
from npid_mm.datasets.instance_groups import set_groups
from npid_mm.engine.bank import fill_from_features, grow_checkpoint
from npid_mm.engine.distributed_search import sharded_leave_one_out
from npid_mm.engine.image_record import ImageRecord
from npid_mm.engine.runner_state import built_loops, is_resuming, loaded_path
from npid_mm.evaluation import leave_one_out_knn
from npid_mm.models import MemoryBank
from npid_mm.utils.checks import check_temperature, check_whole


@HOOKS.register_module()
class MemoryBankHook(Hook):
    """Size, check, initialize and log the memory bank of a training.

    The bank gets the length of the training set, whose indices must be 0 to N - 1. Checkpoints
    hold the names of the images, and a bank of other images is refused. Before the first step the
    bank is initialized (``init`` of :class:`MemoryBank`) and synchronized over the ranks. After
    each epoch the hook checks that the ranks still agree and logs ``bank_drift``, the mean of
    1 - cos between a row before and after its update. Every ``knn_interval`` epochs it also logs
    ``bank_knn``, the leave-one-out kNN accuracy of the rows in percent.

    Args:
        knn_interval (int): Epochs between two logs of ``bank_knn``, which needs labels; 0 for none.
        knn_k (int): K.
        knn_temperature (float): tau of the vote.
        knn_queries (int): Number of rows to classify, evenly spaced in the bank.
        check_images (bool): Refuse a checkpoint whose rows belong to other images than the
            training set's, or are in another order.
        grow (bool): Resume on other images: known ones keep their rows, by their paths, new ones
            start from features (from random rows with ``init='random'``), and the rows of removed
            ones go. An epoch that was interrupted starts again.

    Raises:
        ValueError: If an argument is outside its range.
    """

    # before CheckpointHook and LoggerHook handle the epoch
    priority = 'NORMAL'

    def __init__(
        self,
        knn_interval: int = 0,
        knn_k: int = 20,
        knn_temperature: float = 0.07,
        knn_queries: int = 5000,
        check_images: bool = True,
        grow: bool = False,
    ):
        check_whole('knn_interval', knn_interval, least=0)
        check_whole('knn_k', knn_k)
        check_whole('knn_queries', knn_queries)
        check_temperature(knn_temperature, 'knn_temperature', terms=knn_k)
        self.knn_interval = knn_interval
        self.knn_k = knn_k
        self.knn_temperature = knn_temperature
        self.knn_queries = knn_queries
        self.check_images = check_images
        self.grow = grow
        self._new: Tensor | None = None  # images whose rows are to be started
        self._labels: Tensor | None = None
        self._images: ImageRecord | None = None

    def before_run(self, runner: Runner) -> None:
        """Size the bank before weights are loaded, and check the data set and the other hooks.

        Raises:
            ValueError: If the indices or labels of the data set are wrong, or a hook would average
                the bank over the ranks.
        """
        if any(isinstance(hook, SyncBuffersHook) for hook in runner.hooks):
            raise ValueError(
                'SyncBuffersHook averages every buffer over the ranks, the memory bank too: remove '
                "it from the hooks; the bank and SyncBN keep the ranks' buffers equal themselves"
            )
        loops = built_loops(runner)
        if 'train' not in loops:  # a test: the checkpoint determines the length
            for loop in loops.values():
                if getattr(loop, 'bank_dataset', None) is not None:
                    self._images = ImageRecord(loop.bank_dataset, trained=True)
            return
        dataset = runner.train_dataloader.dataset
        bank = model_bank(runner)
        bank.set_length(len(dataset))
        self._images = ImageRecord(dataset, trained=is_resuming(runner))
        check_instances(dataset)
        set_groups(get_ori_model(runner.model).head, dataset)
        if bank.is_sharded:
            save_gathered_rows(runner, bank)
        if self.knn_interval:
            self._labels = dataset_labels(dataset, 'train_dataloader')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check that the loaded rows belong to the images of the training set, or let them."""
        if self._images is None or not (self.check_images or self.grow):
            return
        path = loaded_path(runner)
        growth = self._images.check(checkpoint, path, self.grow and is_resuming(runner))
        if growth is not None:
            loop, schedules = runner.train_loop, runner.param_schedulers
            steps = len(loop.dataloader) if isinstance(loop, EpochBasedTrainLoop) else None
            built = schedules if isinstance(schedules, list) else []
            states = [each.state_dict() for each in built]
            grow_checkpoint(checkpoint, growth, steps, states, path)
            self._new = growth.new
            runner.logger.info(f'memory bank of {path}: {growth}')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the names of the images of the rows."""
        if self._images is not None:
            self._images.write(checkpoint)

    def before_train(self, runner: Runner) -> None:
        """Initialize the bank, unless a checkpoint filled it, and synchronize the ranks."""
        bank = model_bank(runner)
        if bank.init == 'features' and bank.initialized_from == 'random':
            runner.logger.info('initializing the memory bank with features of the network')
            fill_from_features(runner.model, bank, runner.train_dataloader)
        bank.synchronize()
        if self._new is not None and len(self._new) and bank.init == 'features':
            fill_from_features(runner.model, bank, runner.train_dataloader, self._new)
        bank.verify()
        rows = bank.feature_bank
        runner.logger.info(
            f'memory bank: {bank.length} x {bank.feat_dim} '
            f'{str(rows.dtype).removeprefix("torch.")}, {rows.nbytes / 2**20:.1f} MiB on this '
            f'rank, momentum {bank.momentum}, from {bank.initialized_from}'
        )

    def after_train_epoch(self, runner: Runner) -> None:
        """Check the bank, and log its statistics."""
        bank = model_bank(runner)
        bank.verify()
        figures = {'bank_drift': bank.pop_drift()}
        epoch = runner.epoch + 1
        due = self.knn_interval and epoch % self.knn_interval == 0
        if due and (bank.is_sharded or is_main_process()):
            figures['bank_knn'] = self._bank_knn(bank)
        text = ', '.join(f'{name} {value:.4f}' for name, value in figures.items())
        runner.logger.info(f'memory bank after epoch {epoch}: {text}')
        runner.visualizer.add_scalars(figures, step=epoch)

    def _bank_knn(self, bank: MemoryBank) -> float:
        """Compute the leave-one-out accuracy of the bank, in percent."""
        # at least one query per rank
        count = min(max(self.knn_queries, get_world_size()), bank.length)
        device = bank.feature_bank.device
        queries = (torch.arange(count) * bank.length // count).to(device)
        assert self._labels is not None
        vote = (self._labels.to(device), self.knn_k, self.knn_temperature, queries)
        if bank.is_sharded:
            return 100 * sharded_leave_one_out(bank, *vote)
        return 100 * leave_one_out_knn(bank.feature_bank, *vote)


def save_gathered_rows(runner: Runner, bank: MemoryBank) -> None:
    """Let the checkpoints of a run hold the rows of all ranks of a sharded bank.

    The methods of the runner are replaced, because ``save_checkpoint`` is the last call on all
    ranks before rank 0 writes. Checkpoints are loaded to the CPU, as all rows may not fit on the
    device that a resumed run would use.
    """
    save, load = runner.save_checkpoint, runner.load_checkpoint

    def save_gathered(*args: Any, **kwargs: Any) -> None:
        with bank.gathered_rows():
            save(*args, **kwargs)

    def load_on_cpu(filename: str, map_location: str = 'cpu', **kwargs: Any) -> dict:
        return load(filename, map_location='cpu', **kwargs)

    runner.save_checkpoint, runner.load_checkpoint = save_gathered, load_on_cpu


def has_bank(runner: Runner) -> bool:
    """Return whether the model of a run has a memory bank."""
    return hasattr(get_ori_model(runner.model), 'memory_bank')


def model_bank(runner: Runner) -> MemoryBank:
    """Return the memory bank of the model of a run.

    Raises:
        TypeError: If the model has none.
    """
    model = get_ori_model(runner.model)
    if not has_bank(runner):
        raise TypeError(
            f'MemoryBankHook needs a model with a memory_bank, such as NPID, got '
            f'{type(model).__name__}: remove the hook from this config'
        )
    return model.memory_bank
