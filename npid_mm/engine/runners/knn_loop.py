"""Weighted kNN as the Runner's val and test loop."""

from collections.abc import Sequence

from mmengine.dist import get_dist_info
from mmengine.registry import DATASETS
from mmengine.runner import TestLoop, ValLoop, autocast
from mmpretrain.registry import LOOPS
from mmpretrain.utils import get_ori_model
from torch import Tensor
from torch.utils.data import Dataset

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.evaluation import vote
from npid_mm.evaluation.neighbors import check_k
from npid_mm.losses.checks import check_temperature

from ..features import batch_features, check_level, dataset_features
from ..metrics import fit_topk
from ..spread_search import search, search_spread


class KNNLoop:
    """What :class:`KNNValLoop` and :class:`KNNTestLoop` share (paper, section 3.4).

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Queries.
        evaluator (Evaluator | dict | list): Metrics. :class:`KNNAccuracy` reads the scores of
            every K; MMPretrain's classification metrics read those of the first.
        reference (str | dict): 'bank' takes the rows of the memory bank (paper), with the labels
            of the training set; a data loader config recomputes the features of its data set.
        feature (str): 'embedding' (D) or 'backbone' (pooled last output).
        k (int | Sequence[int]): K, searched in one pass. More than N neighbours are not there,
            so K above N counts all of them.
        temperature (float): tau of the vote exp(s / tau).
        fp16 (bool): Run the network under autocast.

    Raises:
        ValueError: An argument is outside what is allowed, an image has no label or one outside
            the classes, or queries and references have other classes.
    """

    stage: str

    def __init__(
        self,
        runner,
        dataloader,
        evaluator,
        reference: str | dict = 'bank',
        feature: str = 'embedding',
        k: int | Sequence[int] = (10, 20, 100, 200),
        temperature: float = 0.07,
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        if not (reference == 'bank' or isinstance(reference, dict)):
            raise ValueError(f"reference must be 'bank' or a data loader config, got {reference!r}")
        if reference == 'bank' and feature != 'embedding':
            raise ValueError(
                "the bank holds embeddings: feature must be 'embedding' with reference='bank', "
                f'got {feature!r}'
            )
        several = isinstance(k, Sequence) and not isinstance(k, str)
        self.k = tuple(k) if several else (k,)
        if not self.k:
            raise ValueError(f'k must name at least one number of neighbours, got {k}')
        for each in self.k:
            check_k(each)
        check_temperature(temperature)
        self.reference = reference
        self.feature = check_level(feature)
        self.temperature = temperature
        # before anything runs: a training would else end at its first evaluation
        queries, asked = self.dataloader.dataset, f'{self.stage}_dataloader'
        truth = dataset_labels(queries, asked)
        dataset, name = self._reference_dataset()
        self._labels = dataset_labels(dataset, name)
        check_same_classes(dataset, name, queries, asked)
        classes = (queries.metainfo or {}).get('classes') or ()
        largest = max(int(labels.max()) for labels in (truth, self._labels))
        self._num_classes = max(len(classes), largest + 1)
        fit_topk(self.evaluator, self._num_classes, 'classes of the data')

    def run(self) -> dict:
        """Answer all queries; returns the metrics."""
        hook = self.runner.call_hook
        hook(f'before_{self.stage}')
        hook(f'before_{self.stage}_epoch')
        self.runner.model.eval()
        with autocast(enabled=self.fp16):
            rows, labels, spread = self._reference_rows()
            for batch_idx, data_batch in enumerate(self.dataloader):
                hook(f'before_{self.stage}_iter', batch_idx=batch_idx, data_batch=data_batch)
                query, data_samples = batch_features(self.runner.model, data_batch, self.feature)
                find = search_spread if spread else search
                similarity, neighbors = find(query, rows, labels, max(self.k))
                scores = {
                    # one transfer a batch: metrics look at each sample on the host
                    k: vote(similarity, neighbors, k, self.temperature, self._num_classes).cpu()
                    for k in self.k
                }
                _attach(scores, data_samples)
                self.evaluator.process(data_samples=data_samples, data_batch=data_batch)
                hook(
                    f'after_{self.stage}_iter',
                    batch_idx=batch_idx,
                    data_batch=data_batch,
                    outputs=data_samples,
                )
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        hook(f'after_{self.stage}_epoch', metrics=metrics)
        hook(f'after_{self.stage}')
        return metrics

    def _reference_rows(self) -> tuple[Tensor, Tensor, bool]:
        """Rows (n, D) and labels (n,) to search, and whether each rank has other ones."""
        if self.reference == 'bank':
            bank = get_ori_model(self.runner.model).memory_bank
            labels = self._labels
            if len(labels) != bank.length:
                raise ValueError(
                    f'the memory bank has {bank.length} rows, but the training set has '
                    f'{len(labels)} images: give the data that the checkpoint was trained on'
                )
            rows = bank.feature_bank
            return rows, labels[bank.owned].to(rows.device), bank.spread
        rows = dataset_features(self.runner.model, self.reference, self.feature)
        rank, world_size = get_dist_info()
        return rows, self._labels[rank::world_size].to(rows.device), world_size > 1

    def _reference_dataset(self) -> tuple[Dataset, str]:
        """The data set whose labels the references have, and what a config calls it."""
        if self.reference == 'bank':
            return self._train_dataset(), 'train_dataloader'
        self.reference = self.runner.build_dataloader(self.reference, seed=self.runner.seed)
        return self.reference.dataset, f'{self.stage}_cfg.reference'

    def _train_dataset(self):
        """The training set: the running one, or built from the config when only testing."""
        train_loop = self.runner._train_loop
        if train_loop is None:
            raise ValueError("reference='bank' needs the labels of train_dataloader in the config")
        if not isinstance(train_loop, dict):
            return train_loop.dataloader.dataset
        return DATASETS.build(self.runner._train_dataloader['dataset'])


@LOOPS.register_module()
class KNNValLoop(KNNLoop, ValLoop):
    """kNN between training epochs; see :class:`KNNLoop`."""

    stage = 'val'


@LOOPS.register_module()
class KNNTestLoop(KNNLoop, TestLoop):
    """kNN of a checkpoint, by ``tools/test.py``; see :class:`KNNLoop`."""

    stage = 'test'


def _attach(scores: dict[int, Tensor], data_samples) -> None:
    """Give each data sample its scores for every K, and those of the first as prediction."""
    first = next(iter(scores))
    for i, sample in enumerate(data_samples):
        sample.set_field({k: score[i] for k, score in scores.items()}, 'knn_scores')
        sample.set_pred_score(scores[first][i]).set_pred_label(scores[first][i].argmax())
