"""Evaluate features: pure functions, and the metrics that a Runner reports."""

from .functional import *  # noqa: F403
from .functional import __all__ as __all__
