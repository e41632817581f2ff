"""Compare the features of a training with those that it started from."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import Tensor

from npid_mm.datasets import dataset_labels
from npid_mm.engine.hooks.memory_bank_hook import model_bank
from npid_mm.evaluation import leave_one_out_knn, own_row_share, rank_me
from npid_mm.utils.checks import check_whole

from .embed_views import embed_view

START = 'features_at_start'  # in the message hub, and so in the checkpoints
ROWS, VIEWS = 4096, 128  # rows of the bank, and images of which a view is embedded
K, TEMPERATURE = 20, 0.07
RANK_SHARE = 0.5  # share of the RankMe at the start below which features are worse

Figures = dict[str, list[float]]  # name -> value, and number of images that it is a share of


class WorseFeaturesError(RuntimeError):
    """The features of a training have become worse than those that it started from."""


@HOOKS.register_module()
class FeatureGateHook(Hook):
    """Warn of features that are worse than before the first step, or end the training.

    Before the first step and after each epoch it measures evenly spaced rows of the bank:
    ``rankme``, their effective number of dimensions; with labels ``knn``, their leave-one-out kNN
    accuracy; without, ``own_row``, the share of views whose nearest row is that of their image. A
    share is worse if it is more than two standard errors below that of the start, RankMe if it is
    less than half of it. Checkpoints hold the figures of the start.

    Args:
        labels (bool): Whether the training set has labels.
        stop (bool): End a training whose features are worse in ``patience`` epochs in a row.
        patience (int): Number of these epochs, because features often get worse at first.

    Raises:
        ValueError: If ``patience`` is below 1 or, before the first step, if the rows of the bank
            are not features of the network (``init='features'``).
    """

    # after MemoryBankHook, which fills the bank before the first step
    priority = 'BELOW_NORMAL'

    def __init__(self, labels: bool = False, stop: bool = False, patience: int = 3):
        check_whole('patience', patience)
        self.labels = labels
        self.stop = stop
        self.patience = patience
        self._start: Figures | None = None
        self._in_a_row = 0

    def before_train(self, runner: Runner) -> None:
        """Measure the features of the start, or read them from the checkpoint."""
        if runner.iter > 0:
            self._start = runner.message_hub.get_info(START)
            return
        bank = model_bank(runner)
        if bank.initialized_from != 'features':
            raise ValueError(
                'FeatureGateHook compares with features of the network before the first step: set '
                f"model.memory_bank.init='features', got a bank from {bank.initialized_from}"
            )
        self._start = self._measure(runner)
        runner.message_hub.update_info(START, self._start)
        runner.logger.info(f'features at the start: {_shown(self._start)}')

    def after_train_epoch(self, runner: Runner) -> None:
        """Compare, warn and stop.

        Raises:
            WorseFeaturesError: If the features are worse, for ``patience`` epochs in a row.
        """
        if self._start is None:  # a checkpoint of a run without this hook
            return
        now = self._measure(runner)
        names = worse_figures(self._start, now)
        if not names:
            self._in_a_row = 0
            return
        self._in_a_row += 1
        rate = runner.optim_wrapper.param_groups[0]['lr']
        message = (
            'the features are worse than before the first step: '
            f'{_shown({name: now[name] for name in names})} after epoch {runner.epoch + 1}, '
            f'{_shown({name: self._start[name] for name in names})} at the start. Try a lower '
            f'optim_wrapper.optimizer.lr (now {rate:g}), or freeze stages (model.frozen_stages)'
        )
        if self.stop and self._in_a_row >= self.patience:
            raise WorseFeaturesError(
                f'{message}; stopped after {self._in_a_row} such epochs in a row'
            )
        if self._in_a_row == 1:
            runner.logger.warning(message)

    def _measure(self, runner: Runner) -> Figures:
        """Measure the features, on all ranks."""
        bank = model_bank(runner)
        count = min(ROWS, bank.length)
        index = torch.arange(count) * bank.length // count
        result: list[Any] = [None]
        rows = None
        if bank.is_sharded or is_main_process():
            rows = bank.rows(index.to(bank.feature_bank.device)).float().cpu()
        if rows is not None and is_main_process():
            result = [self._measure_rows(runner, rows, index)]
        broadcast_object_list(result)
        return result[0]

    def _measure_rows(self, runner: Runner, rows: Tensor, index: Tensor) -> Figures:
        rank = [rank_me(rows), 0]
        if self.labels:
            labels = dataset_labels(runner.train_dataloader.dataset, 'train_dataloader')[index]
            accuracy = leave_one_out_knn(rows, labels, K, TEMPERATURE)
            return dict(knn=[accuracy, len(rows)], rankme=rank)
        count = min(VIEWS, len(rows))
        place = torch.arange(count) * len(rows) // count  # of the image's row among `rows`
        view, instances = embed_view(runner, index[place], 0)
        read = instances == index[place]  # an unreadable image is replaced by another one
        share = own_row_share(view[read], rows, place[read])
        return dict(own_row=[share, int(read.sum())], rankme=rank)


def worse_figures(start: Mapping[str, list[float]], now: Mapping[str, list[float]]) -> list[str]:
    """Name the figures that are worse than at the start, see :class:`FeatureGateHook`.

    Args:
        start (Mapping[str, list[float]]): Name -> value, and number of images that it is a share
            of; 0 for RankMe.
        now (Mapping[str, list[float]]): The same of a later epoch.

    Example:
        >>> worse_figures({'knn': [0.8, 100]}, {'knn': [0.5, 100]})
        ['knn']
    """
    worse = []
    for name, (before, count) in start.items():
        after = now[name][0]
        error = (before * (1 - before) + after * (1 - after)) / count if count else 0.0
        least = before - 2 * math.sqrt(error) if count else RANK_SHARE * before
        if after < least:
            worse.append(name)
    return worse


def _shown(figures: Mapping[str, list[float]]) -> str:
    return ', '.join(f'{name} {value:.3f}' for name, (value, _) in figures.items())
