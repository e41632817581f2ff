"""Log measures of the memory bank and of the embeddings that need no labels."""

from typing import Any

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook, EarlyStoppingHook, Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor

from npid_mm.engine.hooks.memory_bank_hook import has_bank, model_bank
from npid_mm.engine.runner_state import built_loops
from npid_mm.evaluation import (
    alignment,
    hubness,
    leave_one_out_neighbors,
    neighbor_overlap,
    own_row_share,
    rank_me,
    uniformity,
)
from npid_mm.utils.checks import check_whole

from .bank_warnings import ChanceLevel, bank_warnings
from .embed_views import embed_view

K = 10  # neighbors of the overlap and of the hubness


@HOOKS.register_module()
class LabelFreeHook(Hook):
    """Log measures of a training that need no labels, and warn if it does not learn.

    The measures are computed on evenly spaced rows of the bank, and on two views of some of their
    images, made by the training pipeline from the same seed in each epoch:

    - ``bank_rankme``: RankMe of the rows, the effective number of dimensions.
    - ``bank_uniformity``: uniformity of the rows; lower is more even.
    - ``bank_overlap``: share of the 10 neighbors of a row that it had one epoch before.
    - ``bank_hubness``: skewness of the number of times that a row is a neighbor.
    - ``view_alignment``: mean squared distance of the two views of an image.
    - ``view_own_row``: share of the views whose nearest row is that of their image.

    If the training validates, they are added to the metrics of the validation. Otherwise they are
    passed to ``CheckpointHook`` and ``EarlyStoppingHook`` after each epoch. So ``save_best`` and
    early stopping can use them in either case; ``rule`` must be set.

    With a model that has no memory bank, such as a probe, the hook does nothing.

    A warning, once per cause, is logged if the bank collapses or does not move, or if the loss
    stays at chance level.

    Args:
        interval (int): Epochs between two measurements.
        rows (int): Rows of the bank to measure; all if it is larger.
        views (int): Images of which two views are embedded, at most ``rows``; 0 for none, where the
            training set has no random views.

    Raises:
        ValueError: If an argument is outside its range.
    """

    # after LoggerHook, which would log the metrics again, and before CheckpointHook
    priority = 'LOW'

    def __init__(self, interval: int = 1, rows: int = 4096, views: int = 128):
        check_whole('interval', interval)
        check_whole('rows', rows, least=2)
        check_whole('views', views, least=0)
        self.interval = interval
        self.rows = rows
        self.views = views
        self._figures: dict[str, float] = {}
        self._previous: tuple[Tensor, Tensor] | None = None  # rows and neighbors, on rank 0
        self._warned: set[str] = set()

    def before_train(self, runner: Runner) -> None:
        """Start the mean loss."""
        self._chance = ChanceLevel()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Add the loss of this step to the mean of the epoch."""
        self._chance.add((outputs or {}).get('loss'))

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure, log and warn."""
        if not has_bank(runner):
            return
        self._figures = {}
        epoch, head = runner.epoch + 1, getattr(get_ori_model(runner.model), 'head', None)
        loss = self._chance.end_epoch(head, model_bank(runner).length)
        moved = None
        if epoch % self.interval == 0:
            self._figures, moved = self._measure(runner)
            text = ', '.join(f'{name} {value:.4f}' for name, value in self._figures.items())
            runner.logger.info(f'without labels, after epoch {epoch}: {text}')
            runner.visualizer.add_scalars(self._figures, step=epoch)
        dim = min(model_bank(runner).feat_dim, min(self.rows, model_bank(runner).length))
        for cause, message in bank_warnings(self._figures, dim, moved, loss).items():
            if cause not in self._warned:
                runner.logger.warning(message)
            self._warned.add(cause)

    def after_finished_epoch(self, runner: Runner) -> None:
        """Pass the measures to the hooks that choose by a metric, unless a validation does it."""
        if runner.val_loop is not None or not self._figures:
            return
        for hook in runner.hooks:
            if isinstance(hook, (CheckpointHook, EarlyStoppingHook)):
                hook.after_val_epoch(runner, metrics=dict(self._figures))

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Add the measures to the metrics of the validation of a training."""
        if metrics is None or 'train' not in built_loops(runner) or not has_bank(runner):
            return
        if not self._figures:  # a validation before the first epoch of a resumed run
            self._figures, _ = self._measure(runner)
        metrics.update(self._figures)

    def _measure(self, runner: Runner) -> tuple[dict[str, float], float | None]:
        """Return the measures, and how far the rows moved since the last ones, on all ranks."""
        bank = model_bank(runner)
        count = min(self.rows, bank.length)
        index = torch.arange(count) * bank.length // count
        result: list[Any] = [None]
        rows = None
        if bank.is_sharded or is_main_process():
            rows = bank.rows(index.to(bank.feature_bank.device)).cpu()
        if rows is not None and is_main_process():
            result = [self._measure_rows(runner, rows, index)]
        broadcast_object_list(result)
        return result[0]

    def _measure_rows(
        self, runner: Runner, rows: Tensor, index: Tensor
    ) -> tuple[dict[str, float], float | None]:
        neighbors = leave_one_out_neighbors(rows, K)[1]
        figures = dict(
            bank_rankme=rank_me(rows),
            bank_uniformity=uniformity(rows),
            bank_hubness=hubness(neighbors, len(rows)),
        )
        moved = None
        if self._previous is not None:
            old_rows, old_neighbors = self._previous
            figures['bank_overlap'] = neighbor_overlap(old_neighbors, neighbors)
            moved = alignment(old_rows, rows) / 2  # 1 - cos of unit rows
        self._previous = rows, neighbors
        if self.views:
            count = min(self.views, len(rows))
            place = torch.arange(count) * len(rows) // count  # of the image's row among `rows`
            views = [embed_view(runner, index[place], number) for number in range(2)]
            (first, first_index), (second, second_index) = views
            same = first_index == second_index  # an unreadable image is replaced by another one
            figures['view_alignment'] = alignment(first[same], second[same])
            read = torch.cat([first_index == index[place], second_index == index[place]])
            both = torch.cat([first, second])[read]
            figures['view_own_row'] = own_row_share(both, rows, place.repeat(2)[read])
        return figures, moved
