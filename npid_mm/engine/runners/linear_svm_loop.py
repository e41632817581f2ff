"""A linear support vector machine of single labels, as the Runner's test loop."""

from collections.abc import Generator

import torch
from mmengine.dist import all_gather_object
from mmengine.runner import TestLoop, autocast
from mmpretrain.registry import LOOPS
from torch import Tensor

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.engine.distributed import run_on_main_process
from npid_mm.engine.features import check_level, dataset_features
from npid_mm.utils.checks import check_number

from .config_checks import check_reference, loaded_probe


@LOOPS.register_module()
class LinearSVMTestLoop(TestLoop):
    """Top-1 in percent, ``svm/top1``, of scikit-learn's LinearSVC on unit features.

    Args:
        runner (Runner): The runner. Its model is a :class:`ProbeClassifier`, which refuses to
            run without all weights.
        dataloader (DataLoader | dict): Images to test on.
        evaluator (list): Empty; the loop itself gives the metric.
        reference (dict): Config of the data loader of the images to train on.
        feature (str): 'embedding' (D) or 'backbone' (pooled last output).
        cost (float): Of a row's squared hinge loss, above 0.
        fp16 (bool): Run the network under autocast.

    Raises:
        ValueError: An argument is outside what is allowed.
    """

    def __init__(
        self,
        runner,
        dataloader,
        evaluator,
        reference: dict,
        feature: str = 'embedding',
        cost: float = 1.0,
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        check_reference(reference, self.evaluator)
        check_number('cost', cost, '(0, inf)')
        self.reference = reference
        self.feature = check_level(feature)
        self.cost = cost

    def run(self) -> dict:
        """Read the features, fit, test; returns the metric."""
        runner = self.runner
        runner.call_hook('before_test')
        runner.call_hook('before_test_epoch')
        model = loaded_probe(runner)
        loaders = dict(reference=runner.build_dataloader(self.reference), test=self.dataloader)
        names = dict(reference='test_cfg.reference', test='test_dataloader')
        labels = {each: dataset_labels(loaders[each].dataset, names[each]) for each in loaders}
        check_same_classes(
            loaders['reference'].dataset, names['reference'], loaders['test'].dataset, names['test']
        )
        rows = {}
        with autocast(enabled=self.fp16):
            for name, loader in loaders.items():
                rows[name] = in_order(dataset_features(model, loader, self.feature))
                _check_finite(name, rows[name])
        metrics = run_on_main_process(self._fit(rows, labels))
        runner.call_hook('after_test_epoch', metrics=metrics)
        runner.call_hook('after_test')
        return metrics

    def _fit(self, rows: dict[str, Tensor], labels: dict[str, Tensor]) -> Generator:
        """Fit and test in one step."""
        from sklearn.svm import LinearSVC  # slow to import

        # the primal problem: there are more rows than features, and no order of them matters
        machine = LinearSVC(C=self.cost, dual=False)
        machine.fit(rows['reference'], labels['reference'])
        yield
        return {'svm/top1': 100 * float(machine.score(rows['test'], labels['test']))}


def in_order(rows: Tensor) -> Tensor:
    """Rows of all ranks, (N, D) on the CPU, from rows rank, rank + W, ... of each."""
    shares = all_gather_object(rows.cpu())
    whole = rows.new_empty(sum(map(len, shares)), rows.size(1), device='cpu')
    for rank, share in enumerate(shares):
        whole[rank :: len(shares)] = share
    return whole


def _check_finite(name: str, rows: Tensor) -> None:
    broken = ~torch.isfinite(rows).all(1)
    if broken.any():
        raise ValueError(
            f'features of {name} must be finite, but {int(broken.sum())} of {len(rows)} rows hold '
            f'NaN or infinity, the first is row {int(broken.nonzero()[0])}: the weights of the '
            'checkpoint are broken, or too large for test_cfg.fp16=True'
        )
