"""Test loop of a linear SVM on features of single-label images."""

from collections.abc import Generator
from typing import Any

from mmengine.dist import all_gather_object
from mmengine.runner import autocast
from mmpretrain.registry import LOOPS
from torch import Tensor

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.engine.distributed import run_on_main_process
from npid_mm.engine.features import BROKEN_WEIGHTS, check_level, dataset_features
from npid_mm.utils.checks import check_finite_rows, check_number

from .base_svm_loop import BaseSVMLoop


@LOOPS.register_module()
class LinearSVMTestLoop(BaseSVMLoop):
    """Report the accuracy in percent, ``svm/top1``, of scikit-learn's LinearSVC on unit features.

    Args:
        *args (Any): Arguments of :class:`BaseSVMLoop`.
        feature (str): 'embedding' (D) or 'backbone' (pooled last output).
        cost (float): Weight of the squared hinge loss, above 0.
        **kwargs (Any): Arguments of :class:`BaseSVMLoop`.

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(self, *args: Any, feature: str = 'embedding', cost: float = 1.0, **kwargs: Any):
        super().__init__(*args, **kwargs)
        check_number('cost', cost, '(0, inf)')
        self.feature = check_level(feature)
        self.cost = cost

    def _evaluate(self, model: Any, reference: Any, test: Any) -> dict[str, float]:
        loaders = dict(reference=reference, test=test)
        names = dict(reference='test_cfg.reference', test='test_dataloader')
        labels = {each: dataset_labels(loaders[each].dataset, names[each]) for each in loaders}
        check_same_classes(reference.dataset, names['reference'], test.dataset, names['test'])
        rows = {}
        with autocast(enabled=self.fp16):
            for name, loader in loaders.items():
                rows[name] = gather_rows(dataset_features(model, loader, self.feature))
                check_finite_rows(f'features of {name}', rows[name], f': {BROKEN_WEIGHTS}')
        return run_on_main_process(self._fit(rows, labels))

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
