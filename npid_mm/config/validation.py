"""Train without validation."""

from mmengine.config import Config

# logged by LabelFreeHook
LABEL_FREE = (
    'bank_rankme',
    'bank_uniformity',
    'bank_overlap',
    'bank_hubness',
    'view_alignment',
    'view_own_row',
)


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
        best = hooks['checkpoint'].pop('save_best', None)
        names = [best] if isinstance(best, str) else best or []
        if kept := [name for name in names if name in LABEL_FREE]:
            hooks['checkpoint']['save_best'] = kept
