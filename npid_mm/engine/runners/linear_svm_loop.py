"""Test loop of a linear SVM on features of single-label images."""

from collections.abc import Generator

from mmengine.dist import all_gather_object
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop, autocast
from mmpretrain.registry import LOOPS
from torch import Tensor
from torch.utils.data import DataLoader

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.engine.distributed import run_on_main_process
from npid_mm.engine.features import BROKEN_WEIGHTS, check_level, dataset_features
from npid_mm.utils.checks import check_finite_rows, check_number

from .config_checks import check_reference, loaded_probe


@LOOPS.register_module()
class LinearSVMTestLoop(TestLoop):
    """Report the accuracy in percent, ``svm/top1``, of scikit-learn's LinearSVC on unit features.

    Args:
        runner (Runner): The runner. Its model is a :class:`ProbeClassifier`, which a checkpoint
            must fill.
        dataloader (DataLoader | dict): Test images.
        evaluator (Evaluator | dict | list): Must be empty; the loop computes the metric.
        reference (dict): Data loader config of the training images.
        feature (str): 'embedding' (D) or 'backbone' (pooled last output).
        cost (float): Weight of the squared hinge loss, above 0.
        fp16 (bool): Run the network under autocast.

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
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
        """Compute the features, fit the SVM, and return the metric."""
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
                rows[name] = gather_rows(dataset_features(model, loader, self.feature))
                check_finite_rows(f'features of {name}', rows[name], f': {BROKEN_WEIGHTS}')
        metrics = run_on_main_process(self._fit(rows, labels))
        runner.call_hook('after_test_epoch', metrics=metrics)
        runner.call_hook('after_test')
        return metrics

    def _fit(
        self, rows: dict[str, Tensor], labels: dict[str, Tensor]
    ) -> Generator[None, None, dict]:
        from sklearn.svm import LinearSVC  # slow to import

        # the primal problem: there are more rows than features, and their order does not matter
        svm = LinearSVC(C=self.cost, dual=False)
        svm.fit(rows['reference'], labels['reference'])
        yield
        return {'svm/top1': 100 * float(svm.score(rows['test'], labels['test']))}


def gather_rows(rows: Tensor) -> Tensor:
    """Gather (N, D) on the CPU of all ranks, which have the rows rank, rank + W, ..."""
    shares = all_gather_object(rows.cpu())
    gathered = rows.new_empty(sum(map(len, shares)), rows.size(1), device='cpu')
    for rank, share in enumerate(shares):
        gathered[rank :: len(shares)] = share
    return gathered
