"""What the configs of detection need beside MMDetection; importing it needs MMDetection."""

from npid_mm.extras import check_extra

check_extra('mmdet')

from .voc_detection_metric import VOCDetectionMetric  # noqa: E402

__all__ = ['VOCDetectionMetric']
