"""Deprecated module, which configs of version 0.1 import for the detection metric."""

import warnings

from npid_mm.evaluation.metrics.voc_detection_metric import VOCDetectionMetric

__all__ = ['VOCDetectionMetric']

warnings.warn(
    "npid_mm.detection is deprecated: write custom_imports = dict(imports=['npid_mm', "
    "'npid_mm.evaluation.metrics.voc_detection_metric'])",
    FutureWarning,
    stacklevel=2,
)
