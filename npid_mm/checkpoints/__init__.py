from .backbone import backbone_weights, fit_report, load_backbone, pick_backbone
from .inert import load_tensors
from .mmengine_loader import register_loader

__all__ = [
    'backbone_weights',
    'fit_report',
    'load_backbone',
    'load_tensors',
    'pick_backbone',
    'register_loader',
]
