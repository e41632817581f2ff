"""Resumable SVM evaluation of every layer, the base of the VOC07 test loops."""

from abc import abstractmethod
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import get_world_size
from mmengine.runner import autocast
from rich.progress import track
from torch import Tensor, nn

from npid_mm.engine.distributed import all_cores, run_on_main_process
from npid_mm.engine.runners.base_svm_loop import BaseSVMLoop
from npid_mm.evaluation import COSTS, linear_gram, normalize_features
from npid_mm.utils.hashing import weights_digest

from .layer_features import LayerFeatures
from .records import SVMRecords
from .targets import check_positives, svm_targets

GROUP = 5  # classes that are fitted and saved together


class LayerSVMLoop(BaseSVMLoop):
    """Base class of :class:`SVMTestLoop` and :class:`LowShotSVMTestLoop`.

    The features of both data sets are saved in ``work_dir/svm-<hash>/``. Then rank 0 fits one layer
    after another, and saves the results of every few classes. An interrupted run resumes from these
    files. The hash covers the weights, the configs of model and data, the images and their labels,
    so results of different checkpoints are never mixed.

    Args:
        *args (Any): Arguments of :class:`BaseSVMLoop`.
        costs (Sequence[float]): Costs to choose from. Defaults to the 19 of the protocol.
        **kwargs (Any): Arguments of :class:`BaseSVMLoop`.
    """

    kind: str
    """Prefix of the files of results."""

    def __init__(self, *args: Any, costs: Sequence[float] = COSTS, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.costs = tuple(costs)

    def _evaluate(self, model: Any, reference: Any, test: Any) -> dict[str, float]:
        loaders = dict(train=reference, test=test)
        targets = {split: svm_targets(loader.dataset) for split, loader in loaders.items()}
        self._check(loaders, targets)
        folder = Path(self.runner.work_dir) / f'svm-{self._fingerprint(model, loaders)}'
        self.runner.logger.info(f'features and records: {folder}')
        features = {split: LayerFeatures(folder, split) for split in loaders}
        with autocast(enabled=self.fp16):
            for split, loader in loaders.items():
                features[split].extract(model, loader)
        return run_on_main_process(self._fit(folder, features, targets))

    def _check(self, loaders: dict, targets: dict[str, Tensor]) -> None:
        """Check that every class has enough positives, before a long computation."""
        check_positives(loaders['train'].dataset, targets['train'], *self._needed())
        check_positives(loaders['test'].dataset, targets['test'], 1, 'to test on')

    def _fingerprint(self, model: nn.Module, loaders: dict) -> str:
        cfg = self.runner.cfg
        images = [
            [info.get('img_path'), info['gt_label']]
            for loader in loaders.values()
            for info in map(loader.dataset.get_data_info, range(len(loader.dataset)))
        ]
        settings = [cfg.get('model'), cfg.get('data_preprocessor'), self.reference['dataset']]
        settings += [cfg.test_dataloader['dataset'], self.fp16, images]
        return weights_digest(model.state_dict(), *settings)[:12]

    def _fit(
        self, folder: Path, features: dict, targets: dict[str, Tensor]
    ) -> Generator[None, None, dict]:
        """Fit the SVMs without a record, layer by layer, and return the metrics."""
        records = {}
        with all_cores(get_world_size() > 1):
            for layer in features['train'].layers():
                path = folder / f'{self.kind}_{layer}.json'
                records[layer] = SVMRecords(path, self._settings())
                yield from self._fit_layer(layer, features, targets, records[layer])
        return self._metrics(records)

    def _fit_layer(
        self, layer: str, features: dict, targets: dict[str, Tensor], records: SVMRecords
    ) -> Iterator[None]:
        columns = list(range(targets['train'].shape[1]))
        groups = [columns[first : first + GROUP] for first in range(0, len(columns), GROUP)]
        todo = [
            (kind, missing)
            for kind in self._kinds()
            for group in groups
            if (missing := records.missing(group, **kind))
        ]
        if not todo:
            return
        train, test = (normalize_features(features[split].load(layer)) for split in features)
        fit = partial(
            self._records,
            train=train,
            train_targets=targets['train'],
            test=test,
            test_targets=targets['test'],
            costs=self.costs,
            gram=linear_gram(train),
        )
        for kind, group in track(todo, f'{self.kind} on {layer}'):
            records.add(fit(columns=group, **kind))
            yield

    @abstractmethod
    def _needed(self) -> tuple[int, str]:
        """Return the minimum number of training positives per class, and its reason."""

    @abstractmethod
    def _kinds(self) -> list[dict]:
        """Return the arguments by which the SVMs of one class differ."""

    @abstractmethod
    def _settings(self) -> dict:
        """Return the other settings that the records depend on."""

    @abstractmethod
    def _records(self, **arguments: Any) -> list[dict]:
        """Fit and test the SVMs of some classes."""

    @abstractmethod
    def _metrics(self, records: dict[str, SVMRecords]) -> dict[str, float]:
        """Compute the metrics from the complete records of each layer."""
