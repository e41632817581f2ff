"""Read untrusted checkpoints of any code base, load them into networks, publish and convert."""

from .fit import complete_state, fit_report, load_backbone, non_finite
from .initial_weights import InitialWeights, initial_weights
from .mmengine_loader import register_loader
from .network import backbone_weights, neck_weights, pick_backbone
from .reader import load_tensors

__all__ = [
    'InitialWeights',
    'backbone_weights',
    'complete_state',
    'fit_report',
    'initial_weights',
    'load_backbone',
    'load_tensors',
    'neck_weights',
    'non_finite',
    'pick_backbone',
    'register_loader',
]
