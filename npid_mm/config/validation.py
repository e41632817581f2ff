"""Train without validation."""

from mmengine.config import Config


def drop_validation(cfg: Config) -> None:
    """Remove everything from a training's config that reads labels.

    Args:
        cfg (Config): Config of a training; changed in place.
    """
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    hooks: dict = cfg.get('default_hooks') or {}
    if 'memory_bank' in hooks:
        hooks['memory_bank']['knn_interval'] = 0
    if 'checkpoint' in hooks:
        hooks['checkpoint'].pop('save_best', None)
