"""Base class of the test loops that fit SVMs on features of a network."""

from abc import abstractmethod
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop
from mmpretrain.utils import get_ori_model
from torch.utils.data import DataLoader

from npid_mm.models import ProbeClassifier


class BaseSVMLoop(TestLoop):
    """Train SVMs on the features of one data set, and test them on those of another.

    Args:
        runner (Runner): The runner. Its model is a :class:`ProbeClassifier`, which a checkpoint
            must fill.
        dataloader (DataLoader | dict): Test images.
        evaluator (Evaluator | dict | list): Must be empty; the loop computes the metrics.
        reference (dict): Data loader config of the training images.
        fp16 (bool): Run the network under autocast.

    Raises:
        ValueError: If ``reference`` is not a config, or there is a metric.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        reference: dict,
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        if not isinstance(reference, dict):
            raise ValueError(f'reference must be a data loader config, got {reference!r}')
        if self.evaluator.metrics:
            names = [type(metric).__name__ for metric in self.evaluator.metrics]
            raise ValueError(f'the loop gives the metrics: set test_evaluator=[], got {names}')
        self.reference = reference

    def run(self) -> dict[str, float]:
        """Compute the features, fit the SVMs, and return the metrics.

        Raises:
            TypeError: If the model is not a :class:`ProbeClassifier`, the class that refuses to run
                without loaded weights.
        """
        runner = self.runner
        runner.call_hook('before_test')
        runner.call_hook('before_test_epoch')
        model = get_ori_model(runner.model)
        if not isinstance(model, ProbeClassifier):
            raise TypeError(
                "model must be dict(type='ProbeClassifier', ...), which a checkpoint fills "
                f'completely or not at all, got {type(model).__name__}'
            )
        reference = runner.build_dataloader(self.reference)
        metrics = self._evaluate(model.eval(), reference, self.dataloader)
        runner.call_hook('after_test_epoch', metrics=metrics)
        runner.call_hook('after_test')
        return metrics

    @abstractmethod
    def _evaluate(self, model: Any, reference: Any, test: Any) -> dict[str, float]:
        """Compute the metrics from the data loaders of training and test images."""
