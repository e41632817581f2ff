from .backbone import backbone_weights, pick_backbone
from .fit import complete_state, fit_report, load_backbone, non_finite
from .inert import load_tensors
from .mmengine_loader import register_loader

__all__ = [
    'backbone_weights',
    'complete_state',
    'fit_report',
    'load_backbone',
    'load_tensors',
    'non_finite',
    'pick_backbone',
    'register_loader',
]
