"""Predict from a config which metrics its validation logs."""

import inspect
from collections.abc import Sequence

from mmengine.config import Config
from mmpretrain.registry import LOOPS, METRICS


def check_metric(cfg: Config, metric: str | None = None) -> str:
    """Return ``metric``, or the first one that a training of ``cfg`` logs.

    Args:
        cfg (Config): Config of a training.
        metric (str, optional): Such as 'accuracy/top1' or 'knn/top1_k200'.

    Raises:
        ValueError: If the config has no validation, or does not log that metric.
    """
    evaluators = cfg.get('val_evaluator')
    if not (evaluators and cfg.get('val_dataloader')) or cfg.get('val_cfg') is None:
        raise ValueError(
            '--metric needs a validation, and the config has none: set val_dataloader, '
            'val_evaluator and val_cfg'
        )
    evaluators = evaluators if isinstance(evaluators, (list, tuple)) else [evaluators]
    names = [name for each in evaluators for name in _names(cfg, each)]
    exact = [name for name in names if not name.endswith('*')]
    if metric is None and exact:
        return exact[0]
    patterns = tuple(name[:-1] for name in names if name.endswith('*'))
    if metric is None or not (metric in exact or metric.startswith(patterns)):
        raise ValueError(
            f'--metric must be one that the validation of the config logs ({", ".join(names)}), '
            f'got {metric}'
        )
    return metric


def _names(cfg: Config, evaluator: dict) -> list[str]:
    """Return the keys of one metric, ``prefix/*`` if they depend on more than the config."""
    kind = METRICS.get(evaluator['type'])
    prefix = evaluator.get('prefix') or getattr(kind, 'default_prefix', None)
    topk = _numbers(kind, evaluator, 'topk')
    classes = (cfg.model.get('head') or {}).get('num_classes', float('inf'))
    tops = [f'top{k}' for k in topk if k <= classes]
    name = kind.__name__ if kind else None
    if name == 'KNNAccuracy':
        k = _numbers(LOOPS.get(cfg.val_cfg.get('type')), cfg.val_cfg, 'k')
        return [f'{prefix}/{top}_k{each}' for each in k for top in tops]
    if name == 'LayerAccuracy':
        return [*(f'best/{top}' for top in tops), 'feature*']
    if name == 'Accuracy' and 'thrs' not in evaluator:
        return [f'{prefix}/{top}' for top in tops]
    return [f'{prefix}/*' if prefix else '*']


def _numbers(kind: type | None, given: dict, name: str) -> Sequence[int]:
    """Return an argument of a class, a number or several, as given or by default."""
    value = given.get(name)
    if name not in given and kind is not None:
        parameter = inspect.signature(kind).parameters.get(name)
        value = parameter and parameter.default
    return (value,) if isinstance(value, int) else value or ()
