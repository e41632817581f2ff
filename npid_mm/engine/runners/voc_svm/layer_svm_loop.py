"""Features of every layer, and support vector machines on them, from stop to stop."""

from abc import abstractmethod
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

from mmengine.dist import get_world_size
from mmengine.runner import TestLoop, autocast
from rich.progress import track
from torch import Tensor

from npid_mm.engine.distributed import all_cores, run_on_main_process
from npid_mm.engine.runners.config_checks import check_reference, loaded_probe
from npid_mm.evaluation import COSTS, linear_gram, normalize_features
from npid_mm.utils.hashing import weights_digest

from .layer_features import LayerFeatures
from .records import SVMRecords
from .targets import check_positives, svm_targets

GROUP = 5  # classes that share the work of a fit, and are saved together


class LayerSVMLoop(TestLoop):
    """What :class:`SVMTestLoop` and :class:`LowShotSVMTestLoop` share.

    Features of both data sets go to ``work_dir/svm-<hash>/``, then rank 0 fits one layer after
    another and saves the records of every few classes. A run that was stopped goes on from what
    is there. The hash is of the weights, the model's and the data's configs, images and labels:
    nothing of another checkpoint is ever taken.

    Args:
        runner (Runner): The runner. Its model is a :class:`ProbeClassifier`, which refuses to
            run without all weights.
        dataloader (DataLoader | dict): Images to test on.
        evaluator (list): Empty; the loop itself gives the metrics.
        reference (dict): Config of the data loader of the images to train on.
        costs (Sequence[float]): Costs to choose from. Defaults to the 19 of the protocol.
        fp16 (bool): Run the network under autocast.

    Raises:
        ValueError: An argument is outside what is allowed.
    """

    kind: str

    def __init__(
        self,
        runner,
        dataloader,
        evaluator,
        reference: dict,
        costs: Sequence[float] = COSTS,
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        check_reference(reference, self.evaluator)
        self.reference = reference
        self.costs = tuple(costs)

    def run(self) -> dict:
        """Read the features, fit, test; returns the metrics."""
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
        """Refuse data that no machine can be trained on or tested with."""
        check_positives(loaders['train'].dataset, targets['train'], *self._needed())
        check_positives(loaders['test'].dataset, targets['test'], 1, 'to test on')

    def _fingerprint(self, model, loaders: dict) -> str:
        cfg = self.runner.cfg
        images = [
            [info.get('img_path'), info['gt_label']]
            for loader in loaders.values()
            for info in map(loader.dataset.get_data_info, range(len(loader.dataset)))
        ]
        settings = [cfg.get('model'), cfg.get('data_preprocessor'), self.reference['dataset']]
        settings += [cfg.test_dataloader['dataset'], self.fp16, images]
        return weights_digest(model.state_dict(), *settings)[:12]

    def _fit(self, folder: Path, features: dict, targets: dict[str, Tensor]) -> Generator:
        """Fit what has no record yet, layer by layer; returns the metrics."""
        records = {}
        with all_cores(get_world_size() > 1):
            for layer in features['train'].layers():
                path = folder / f'{self.kind}_{layer}.json'
                records[layer] = SVMRecords(path, self._settings())
                yield from self._fit_layer(layer, features, targets, records[layer])
        return self._metrics(records)

    def _fit_layer(
        self, layer: str, features: dict, targets: dict[str, Tensor], records: SVMRecords
    ) -> Generator:
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
        """Positives that each class must have in the training set, and why."""

    @abstractmethod
    def _kinds(self) -> list[dict]:
        """Arguments in which the fits of one class differ."""

    @abstractmethod
    def _settings(self) -> dict:
        """All else that records depend on."""

    @abstractmethod
    def _records(self, **arguments) -> list[dict]:
        """Fit and test the machines of some classes."""

    @abstractmethod
    def _metrics(self, records: dict[str, SVMRecords]) -> dict[str, float]:
        """Metrics from the complete records of each layer."""
