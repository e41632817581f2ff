"""Validation and test loops of the weighted kNN classifier."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmengine.dist import all_gather_object, get_dist_info
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS
from mmengine.runner import BaseLoop, Runner, TestLoop, ValLoop, autocast
from mmpretrain.registry import LOOPS
from mmpretrain.structures import DataSample
from mmpretrain.utils import get_ori_model
from torch import Tensor
from torch.utils.data import DataLoader

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.datasets.evaluation_dataset import SHARE, EvaluationDataset
from npid_mm.engine.distributed_search import search, search_sharded
from npid_mm.engine.features import (
    batch_features,
    check_level,
    is_readable,
    readable_features,
    tolerate_unreadable,
)
from npid_mm.engine.runner_state import built_loops, train_dataloader_config
from npid_mm.evaluation import weighted_vote
from npid_mm.evaluation.metrics import fit_topk
from npid_mm.utils.checks import check_temperature, check_whole


class KNNLoop(BaseLoop):
    """Base class of :class:`KNNValLoop` and :class:`KNNTestLoop` (paper, section 3.4).

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Images to classify, the queries.
        evaluator (Evaluator | dict | list): Metrics. :class:`KNNAccuracy` reads the scores of
            every K; MMPretrain's classification metrics read those of the first K.
        reference (str | dict): Labeled rows to search: 'bank' for the memory bank (paper) with the
            labels of the training set, or a data loader config of images to compute features of.
        feature (str): 'embedding' (D) or 'backbone' (pooled last output).
        k (int | Sequence[int]): Values of K, searched in one pass; K above N means all N neighbors.
        temperature (float): tau of the vote exp(s / tau).
        fp16 (bool): Run the network under autocast.
        max_unreadable (float): Share of the queries, and of the references, that may be
            unreadable, in [0, 1); above 0, one image of each may always be. These images are
            ignored and logged, and the metrics ``unreadable_queries`` and
            ``unreadable_references`` count them.

    Raises:
        ValueError: If an argument is outside its range, an image has no label or one outside the
            classes, or queries and references differ in their classes.
    """

    stage: str

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        reference: str | dict = 'bank',
        feature: str = 'embedding',
        k: int | Sequence[int] = (10, 20, 100, 200),
        temperature: float = 0.07,
        fp16: bool = False,
        max_unreadable: float = SHARE,
    ):
        if isinstance(dataloader, dict):
            dataloader = tolerate_unreadable(dataloader, max_unreadable)
        super().__init__(runner, dataloader, evaluator, fp16)
        if not (reference == 'bank' or isinstance(reference, dict)):
            raise ValueError(f"reference must be 'bank' or a data loader config, got {reference!r}")
        if reference == 'bank' and feature != 'embedding':
            raise ValueError(
                "the bank holds embeddings: feature must be 'embedding' with reference='bank', "
                f'got {feature!r}'
            )
        self.k: tuple[int, ...]
        self.k = tuple(k) if isinstance(k, Sequence) and not isinstance(k, str) else (k,)
        if not self.k:
            raise ValueError(f'k must name at least one number of neighbors, got {k}')
        for each in self.k:
            check_whole('k', each)
        check_temperature(temperature, terms=max(self.k))
        self.reference: Any = reference
        self.max_unreadable = max_unreadable
        self.feature = check_level(feature)
        self.temperature = temperature
        # check the labels here, before a training starts, and not at its first validation
        queries, asked = self.dataloader.dataset, f'{self.stage}_dataloader'
        truth = dataset_labels(queries, asked)
        self._references_left_out = 0
        self._references, name = self._reference_dataset()
        # MemoryBankHook compares these images with the checkpoint's
        self.bank_dataset = self._references if reference == 'bank' else None
        self._labels = dataset_labels(self._references, name)
        check_same_classes(self._references, name, queries, asked)
        classes = (queries.metainfo or {}).get('classes') or ()
        largest = max(int(labels.max()) for labels in (truth, self._labels))
        self._num_classes = max(len(classes), largest + 1)
        fit_topk(self.evaluator, self._num_classes, 'classes of the data')

    def run(self) -> dict:
        """Classify all queries, and return the metrics."""
        hook = self.runner.call_hook
        hook(f'before_{self.stage}')
        hook(f'before_{self.stage}_epoch')
        self.runner.model.eval()
        with autocast(enabled=self.fp16):
            rows, labels, sharded = self._reference_rows()
            unreadable = []
            for batch_idx, data_batch in enumerate(self.dataloader):
                hook(f'before_{self.stage}_iter', batch_idx=batch_idx, data_batch=data_batch)
                query, data_samples = batch_features(self.runner.model, data_batch, self.feature)
                find = search_sharded if sharded else search
                similarity, neighbors = find(query, rows, labels, max(self.k))
                scores = {
                    # one transfer per batch: metrics read each sample on the CPU
                    k: weighted_vote(
                        similarity, neighbors, k, self.temperature, self._num_classes
                    ).cpu()
                    for k in self.k
                }
                _attach(scores, data_samples)
                readable = [sample for sample in data_samples if is_readable(sample)]
                unreadable += [each.sample_idx for each in data_samples if not is_readable(each)]
                self.evaluator.process(data_samples=readable, data_batch=data_batch)
                hook(
                    f'after_{self.stage}_iter',
                    batch_idx=batch_idx,
                    data_batch=data_batch,
                    outputs=data_samples,
                )
        queries = self.dataloader.dataset
        left_out = self._left_out('queries', queries, unreadable)
        metrics = self.evaluator.evaluate(len(queries) - left_out)
        counts = dict(queries=left_out, references=self._references_left_out)
        metrics |= {f'unreadable_{name}': count for name, count in counts.items() if count}
        hook(f'after_{self.stage}_epoch', metrics=metrics)
        hook(f'after_{self.stage}')
        return metrics

    def _reference_rows(self) -> tuple[Tensor, Tensor, bool]:
        """Return rows (n, D) and labels (n,) to search, and whether they are sharded."""
        if self.reference == 'bank':
            bank = get_ori_model(self.runner.model).memory_bank
            labels = self._labels
            if len(labels) != bank.length:
                raise ValueError(
                    f'the memory bank has {bank.length} rows, but the training set has '
                    f'{len(labels)} images: give the data that the checkpoint was trained on'
                )
            rows, labels = bank.feature_bank, labels[bank.local_rows]
            unread = self._known_unreadable()[bank.local_rows]
            if unread.any():  # their rows were never trained
                rows, labels = rows[~unread.to(rows.device)], labels[~unread]
            return rows, labels.to(rows.device), bank.is_sharded
        rows, positions = readable_features(self.runner.model, self.reference, self.feature)
        rank, world_size = get_dist_info()
        own = range(rank, len(self._references), world_size)
        unreadable = sorted(set(own) - set(positions.tolist()))
        self._references_left_out = self._left_out('references', self._references, unreadable)
        return rows, self._labels[positions].to(rows.device), world_size > 1

    def _known_unreadable(self) -> Tensor:
        """Return a mask (N,) of the training images that a rank could not read so far."""
        unread = getattr(self._references, 'unreadable', None)
        if unread is None:
            return torch.zeros(len(self._references), dtype=torch.bool)
        unread = torch.stack(all_gather_object(unread.clone())).any(0)
        self._references_left_out = int(unread.sum())
        return unread

    def _left_out(self, what: str, dataset: EvaluationDataset, unreadable: list[int]) -> int:
        """Log the samples of a data set that a rank could not read, and return their number."""
        left_out = sorted(set().union(*all_gather_object(unreadable)))
        if left_out:
            self.runner.logger.warning(f'kNN {what}: {dataset.left_out(left_out)}')
        return len(left_out)

    def _reference_dataset(self) -> tuple[Any, str]:
        """Return the data set of the references, and its key in the config."""
        if self.reference == 'bank':
            return self._train_dataset(), 'train_dataloader'
        reference = tolerate_unreadable(self.reference, self.max_unreadable)
        self.reference = self.runner.build_dataloader(reference, seed=self.runner.seed)
        return self.reference.dataset, f'{self.stage}_cfg.reference'

    def _train_dataset(self) -> BaseDataset:
        """Return the training set: of the running training, or built from the config."""
        loop = built_loops(self.runner).get('train')
        if loop is not None:
            return loop.dataloader.dataset
        dataloader = train_dataloader_config(self.runner)
        if dataloader is None:
            raise ValueError("reference='bank' needs the labels of train_dataloader in the config")
        return DATASETS.build(dataloader['dataset'])


@LOOPS.register_module()
class KNNValLoop(KNNLoop, ValLoop):
    """Validate a training by kNN, see :class:`KNNLoop`."""

    stage = 'val'


@LOOPS.register_module()
class KNNTestLoop(KNNLoop, TestLoop):
    """Test a checkpoint by kNN, see :class:`KNNLoop`."""

    stage = 'test'

    def run(self) -> dict:
        """Classify all queries, and return the metrics.

        Raises:
            ValueError: If the checkpoint lacks the neck or the memory bank that the test needs.
        """
        needed = {'embedding': ['neck'], 'backbone': []}[self.feature]
        if self.reference == 'bank':
            needed = [*needed, 'memory_bank']
        absent = getattr(get_ori_model(self.runner.model), 'absent_parts', ())
        lacking = [part for part in needed if part in absent]
        if lacking:
            raise ValueError(
                f'the checkpoint has no weights of model.{" and model.".join(lacking)}, which the '
                'test would read: give the checkpoint of a pretraining, or set '
                "test_cfg.feature='backbone' and test_cfg.reference to a data loader"
            )
        return super().run()


def _attach(scores: dict[int, Tensor], data_samples: Sequence[DataSample]) -> None:
    """Add its scores for every K to each data sample, and those of the first as prediction."""
    first = next(iter(scores))
    for i, sample in enumerate(data_samples):
        sample.set_field({k: score[i] for k, score in scores.items()}, 'knn_scores')
        sample.set_pred_score(scores[first][i]).set_pred_label(scores[first][i].argmax())
