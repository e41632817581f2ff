"""Checks of the config and the model, shared by the SVM test loops."""

from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmpretrain.utils import get_ori_model

from npid_mm.models import ProbeClassifier


def check_reference(reference: object, evaluator: Evaluator) -> None:
    """Check that there is a training set for the SVMs, and no metric, which would be ignored.

    Raises:
        ValueError: If ``reference`` is not a config, or there is a metric.
    """
    if not isinstance(reference, dict):
        raise ValueError(f'reference must be a data loader config, got {reference!r}')
    if evaluator.metrics:
        names = [type(metric).__name__ for metric in evaluator.metrics]
        raise ValueError(f'the loop gives the metrics: set test_evaluator=[], got {names}')


def loaded_probe(runner: Runner) -> ProbeClassifier:
    """Return the runner's model in evaluation mode.

    Raises:
        TypeError: If it is not a :class:`ProbeClassifier`, the class that refuses to run without
            loaded weights.
    """
    model = get_ori_model(runner.model)
    if not isinstance(model, ProbeClassifier):
        raise TypeError(
            "model must be dict(type='ProbeClassifier', ...), which a checkpoint fills completely "
            f'or not at all, got {type(model).__name__}'
        )
    return model.eval()
