from .backbone import backbone_weights, fit_report, load_backbone, pick_backbone
from .inert import load_tensors

__all__ = ['backbone_weights', 'fit_report', 'load_backbone', 'load_tensors', 'pick_backbone']
