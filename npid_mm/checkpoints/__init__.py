from .backbone import backbone_weights, fit_report, load_backbone, pick_backbone

__all__ = ['backbone_weights', 'fit_report', 'load_backbone', 'pick_backbone']
