"""Hooks that follow a training without labels."""

from .label_free_hook import LabelFreeHook

__all__ = ['LabelFreeHook']
