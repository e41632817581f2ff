"""Checks that the files of a data set on disk are there and fit together, one module per data set.

Every module of this package is imported here, so that a new one is registered by being there.
"""

from importlib import import_module
from pkgutil import iter_modules

from .base import LAYOUT_CHECKS, LayoutCheck, LayoutReport, build_check, register_check

__all__ = ['LAYOUT_CHECKS', 'LayoutCheck', 'LayoutReport', 'build_check', 'register_check']

for _module in iter_modules(__path__, f'{__name__}.'):
    import_module(_module.name)
