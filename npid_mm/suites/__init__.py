"""Run sets of benchmarks and sweeps on a checkpoint, and report their results."""

from .classification import CLASSIFICATION
from .detection import DETECTION
from .segmentation import SEGMENTATION

SUITES = dict(classification=CLASSIFICATION, detection=DETECTION, segmentation=SEGMENTATION)

__all__ = ['SUITES']
