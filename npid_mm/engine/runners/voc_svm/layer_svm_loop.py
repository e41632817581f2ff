"""Resumable SVM evaluation of every layer, the base of the VOC07 test loops."""

from abc import abstractmethod
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import get_world_size
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop, autocast
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from npid_mm.engine.distributed import all_cores, run_on_main_process
from npid_mm.engine.runners.config_checks import check_reference, loaded_probe
from npid_mm.evaluation import COSTS, linear_gram, normalize_features
from npid_mm.utils.hashing import weights_digest

from .layer_features import LayerFeatures
from .records import SVMRecords
from .targets import check_positives, svm_targets

GROUP = 5  # classes that are fitted and saved together


class LayerSVMLoop(TestLoop):
    """Base class of :class:`SVMTestLoop` and :class:`LowShotSVMTestLoop`.

    The features of both data sets are saved in ``work_dir/svm-<hash>/``. Then rank 0 fits one layer
    after another, and saves the results of every few classes. An interrupted run resumes from these
    files. The hash covers the weights, the configs of model and data, the images and their labels,
    so results of different checkpoints are never mixed.

    Args:
        runner (Runner): The runner. Its model is a :class:`ProbeClassifier`, which a checkpoint
            must fill.
        dataloader (DataLoader | dict): Test images.
        evaluator (Evaluator | dict | list): Must be empty; the loop computes the metrics.
        reference (dict): Data loader config of the training images.
        costs (Sequence[float]): Costs to choose from. Defaults to the 19 of the protocol.
        fp16 (bool): Run the network under autocast.

    Raises:
        ValueError: If an argument is outside its range.
    """

    kind: str
    """Prefix of the files of results."""

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        reference: dict,
        costs: Sequence[float] = COSTS,
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        check_reference(reference, self.evaluator)
        self.reference = reference
        self.costs = tuple(costs)

    def run(self) -> dict:
        """Compute the features, fit the SVMs, and return the metrics."""
        runner = self.runner
        runner.call_hook('before_test')
        runner.call_hook('before_test_epoch')
        model = loaded_probe(runner)
        loaders = dict(train=runner.build_dataloader(self.reference), test=self.dataloader)
        targets = {split: svm_targets(loader.dataset) for split, loader in loaders.items()}
        self._check(loaders, targets)
        folder = Path(runner.work_dir) / f'svm-{self._fingerprint(model, loaders)}'
        runner.logger.info(f'features and records: {folder}')
        features = {split: LayerFeatures(folder, split) for split in loaders}
        with autocast(enabled=self.fp16):
            for split, loader in loaders.items():
                features[split].extract(model, loader)
        metrics = run_on_main_process(self._fit(folder, features, targets))
        runner.call_hook('after_test_epoch', metrics=metrics)
        runner.call_hook('after_test')
        return metrics

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
