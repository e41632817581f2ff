"""Hooks that follow a training by the rows of its bank."""

from .feature_gate_hook import FeatureGateHook, WorseFeaturesError
from .label_free_hook import LabelFreeHook
from .own_probability_hook import OwnProbabilityHook

__all__ = ['FeatureGateHook', 'LabelFreeHook', 'OwnProbabilityHook', 'WorseFeaturesError']
