"""What the test loops that fit machines on features ask of the config."""

from mmengine.evaluator import Evaluator
from mmpretrain.utils import get_ori_model

from npid_mm.models import ProbeClassifier


def check_reference(reference, evaluator: Evaluator) -> None:
    """Check the data of the machines and that no metric is given, which would not be asked.

    Raises:
        ValueError: ``reference`` is no config, or there is a metric.
    """
    if not isinstance(reference, dict):
        raise ValueError(f'reference must be a data loader config, got {reference!r}')
    if evaluator.metrics:
        names = [type(metric).__name__ for metric in evaluator.metrics]
        raise ValueError(f'the loop gives the metrics: set test_evaluator=[], got {names}')


def loaded_probe(runner) -> ProbeClassifier:
    """The runner's model, in evaluation mode.

    Raises:
        TypeError: It is another class than :class:`ProbeClassifier`, which alone refuses to run
            with weights that were not loaded.
    """
    model = get_ori_model(runner.model)
    if not isinstance(model, ProbeClassifier):
        raise TypeError(
            "model must be dict(type='ProbeClassifier', ...), which a checkpoint fills completely "
            f'or not at all, got {type(model).__name__}'
        )
    return model.eval()
