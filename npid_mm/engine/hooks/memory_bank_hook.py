"""Everything about the memory bank that needs to know the run."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook, SyncBuffersHook
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import nn
from torch.utils.data import DataLoader

from npid_mm.datasets import check_instances, dataset_labels
from npid_mm.engine.distributed_search import sharded_leave_one_out
from npid_mm.engine.features import batch_features
from npid_mm.engine.instance_record import InstanceRecord
from npid_mm.engine.runner_state import built_loops, is_resuming, loaded_path
from npid_mm.evaluation import leave_one_out_knn
from npid_mm.models import MemoryBank
from npid_mm.utils.checks import check_temperature, check_whole


@HOOKS.register_module()
class MemoryBankHook(Hook):
    """Size, check, start and watch the memory bank of a training run.

    Before the run it gives the bank the length of the training set and checks that the data set
    names its instances 0 to N - 1, each image once. Checkpoints keep the list of the images, and a
    bank of other images is refused. Before the first step it starts the bank (``init`` of
    :class:`MemoryBank`) and makes it equal on all ranks. After each epoch it checks that it
    still is, and logs ``bank_drift`` (mean of 1 - cos between a row before and after its
    update); every ``knn_interval`` epochs also ``bank_knn``, the accuracy in percent with which
    rows of the bank find the label of their own image from the other rows.

    Args:
        knn_interval (int): Epochs between two logs of ``bank_knn``; 0 never. Needs labels.
        knn_k (int): K.
        knn_temperature (float): tau of the vote.
        knn_queries (int): Rows that ask, spread evenly over the bank.
        check_images (bool): Refuse a checkpoint whose bank belongs to other images than those of
            the training set, or has them in another order.

    Raises:
        ValueError: An argument is outside what is allowed.
    """

    # Before CheckpointHook and LoggerHook see the epoch.
    priority = 'NORMAL'

    def __init__(
        self,
        knn_interval: int = 0,
        knn_k: int = 20,
        knn_temperature: float = 0.07,
        knn_queries: int = 5000,
        check_images: bool = True,
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
        self._labels = self._images = None

    def before_run(self, runner) -> None:
        """Size the bank, before weights are loaded, and check what would destroy it."""
        if any(isinstance(hook, SyncBuffersHook) for hook in runner.hooks):
            raise ValueError(
                'SyncBuffersHook averages every buffer over the ranks, the memory bank too: remove '
                "it from the hooks; the bank and SyncBN keep the ranks' buffers equal themselves"
            )
        loops = built_loops(runner)
        if 'train' not in loops:  # only testing: the checkpoint brings the length
            for loop in loops.values():
                if getattr(loop, 'bank_dataset', None) is not None:
                    self._images = InstanceRecord(loop.bank_dataset, trained=True)
            return
        dataset = runner.train_dataloader.dataset
        bank = _bank(runner)
        bank.set_length(len(dataset))
        self._images = InstanceRecord(dataset, trained=is_resuming(runner))
        check_instances(dataset)
        if bank.is_sharded:
            keep_checkpoints_whole(runner, bank)
        if self.knn_interval:
            self._labels = dataset_labels(dataset, 'train_dataloader')

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Check that the rows that are loaded belong to the images of the training set."""
        if self._images is not None and self.check_images:
            self._images.check(checkpoint, loaded_path(runner))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the list of images that the rows belong to."""
        if self._images is not None:
            self._images.write(checkpoint)

    def before_train(self, runner) -> None:
        """Start the bank, unless a checkpoint did, and make the ranks equal."""
        bank = _bank(runner)
        if bank.init == 'features' and bank.initialized_from == 'random':
            runner.logger.info('starting the memory bank from features of the fresh network')
            fill_from_features(runner.model, bank, runner.train_dataloader)
        bank.synchronize()
        bank.verify()
        rows = bank.feature_bank
        runner.logger.info(
            f'memory bank: {bank.length} x {bank.feat_dim} '
            f'{str(rows.dtype).removeprefix("torch.")}, {rows.nbytes / 2**20:.1f} MiB on this '
            f'rank, momentum {bank.momentum}, from {bank.initialized_from}'
        )

    def after_train_epoch(self, runner) -> None:
        """Log how the bank did in this epoch."""
        bank = _bank(runner)
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
        """Leave-one-out accuracy of the bank, in percent."""
        # where the ranks share the questions, each has one
        count = min(max(self.knn_queries, get_world_size()), bank.length)
        device = bank.feature_bank.device
        queries = (torch.arange(count) * bank.length // count).to(device)
        labels = self._labels.to(device)
        vote = (labels, self.knn_k, self.knn_temperature, queries)
        if bank.is_sharded:
            return 100 * sharded_leave_one_out(bank, *vote)
        return 100 * leave_one_out_knn(bank.feature_bank, *vote)


def fill_from_features(model, bank: MemoryBank, dataloader: DataLoader) -> None:
    """One pass over the training set: each row becomes its image's embedding.

    Images come as the training pipeline makes them, shuffled, and batch norms use the statistics
    of the batch without keeping them: a fresh network's own say nothing of the data, and those
    of a batch from one class folder would take away what the images have in common.
    """
    shuffled = DataLoader(
        dataloader.dataset,
        batch_size=dataloader.batch_size,
        sampler=DefaultSampler(dataloader.dataset, shuffle=True, seed=0),
        num_workers=dataloader.num_workers,
        collate_fn=dataloader.collate_fn,
        worker_init_fn=dataloader.worker_init_fn,
    )
    with _batch_statistics(model):
        for data_batch in shuffled:
            if len(data_batch['data_samples']) == 1:
                continue  # one image has no batch statistics: its row stays random
            feature, data_samples = batch_features(model, data_batch, 'embedding')
            index = torch.tensor([int(sample.sample_idx) for sample in data_samples])
            bank.update(feature, index.to(feature.device), momentum=1.0)
    bank.pop_drift()
    bank.initialized_from = 'features'


@contextmanager
def _batch_statistics(model: nn.Module) -> Iterator[None]:
    """Put a model in train mode, without a trace in the running statistics of its norms."""
    training = model.training
    norms = [module for module in model.modules() if getattr(module, 'track_running_stats', False)]
    model.train()
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        model.train(training)


def keep_checkpoints_whole(runner, bank: MemoryBank) -> None:
    """Let the runner's checkpoints hold one full bank, whatever kind of bank it is.

    ``runner.save_checkpoint`` is called on all ranks and writes on rank 0 alone: the last moment
    to bring the rows together is at its door, whoever calls it and whenever. A checkpoint is read
    on the CPU: a resumed run would read it on the device, which a full bank may not fit on.
    """
    save, load = runner.save_checkpoint, runner.load_checkpoint

    def save_whole(*args, **kwargs):
        with bank.gathered_rows():
            save(*args, **kwargs)

    def load_on_cpu(filename, map_location='cpu', **kwargs):
        return load(filename, map_location='cpu', **kwargs)

    runner.save_checkpoint, runner.load_checkpoint = save_whole, load_on_cpu


def _bank(runner) -> MemoryBank:
    """The memory bank of the runner's model."""
    model = get_ori_model(runner.model)
    if not hasattr(model, 'memory_bank'):
        raise TypeError(
            f'MemoryBankHook needs a model with a memory_bank, such as NPID, got '
            f'{type(model).__name__}: remove the hook from this config'
        )
    return model.memory_bank
