"""Names of the metrics that the validation of a config logs, before anything is trained."""

import inspect

from mmengine.config import Config
from mmpretrain.registry import LOOPS, METRICS


def check_metric(cfg: Config, metric: str | None = None) -> str:
    """Return ``metric``, or the first one that a training of ``cfg`` logs.

    Args:
        cfg (Config): Config of a training.
        metric (str, optional): Such as 'accuracy/top1' or 'knn/top1_k200'.

    Raises:
        ValueError: The config evaluates nothing, or logs no such metric.
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
    if metric not in exact and not (metric and any(_matches(metric, name) for name in names)):
        raise ValueError(
            f'--metric must be one that the validation of the config logs ({", ".join(names)}), '
            f'got {metric}'
        )
    return metric


def _matches(metric: str, name: str) -> bool:
    return name.endswith('*') and metric.startswith(name[:-1])


def _names(cfg: Config, evaluator: dict) -> list[str]:
    """Keys of one metric; ``prefix/*`` where they depend on more than the config."""
    kind = METRICS.get(evaluator['type'])
    prefix = evaluator.get('prefix') or getattr(kind, 'default_prefix', None)
    topk = _argument(kind, evaluator, 'topk')
    topk = (topk,) if isinstance(topk, int) else topk
    classes = (cfg.model.get('head') or {}).get('num_classes', float('inf'))
    tops = [f'top{k}' for k in topk or () if k <= classes]
    name = kind.__name__ if kind else None
    if name == 'KNNAccuracy':
        k = _argument(LOOPS.get(cfg.val_cfg.get('type')), cfg.val_cfg, 'k')
        k = (k,) if isinstance(k, int) else k
        return [f'{prefix}/{top}_k{each}' for each in k or () for top in tops]
    if name == 'LayerAccuracy':
        return [*(f'best/{top}' for top in tops), 'feature*']
    if name == 'Accuracy' and 'thrs' not in evaluator:
        return [f'{prefix}/{top}' for top in tops]
    return [f'{prefix}/*' if prefix else '*']


def _argument(kind, given: dict, name: str):
    """An argument of a class, as given or by default."""
    if name in given or kind is None:
        return given.get(name)
    parameter = inspect.signature(kind).parameters.get(name)
    return parameter and parameter.default
