"""Hooks that follow a training without labels."""

from .label_free_hook import LabelFreeHook
from .own_probability_hook import OwnProbabilityHook

__all__ = ['LabelFreeHook', 'OwnProbabilityHook']
