"""AP, AP50 and AP75 of Pascal VOC 2007."""

from collections.abc import Sequence

import numpy as np
from mmdet.evaluation import VOCMetric, average_precision, print_map_summary
from mmdet.evaluation.functional.mean_ap import get_cls_results, tpfp_default
from mmdet.registry import METRICS
from mmengine.logging import MMLogger

THRESHOLDS = range(50, 100, 5)  # IoU in percent


@METRICS.register_module()
class VOCDetectionMetric(VOCMetric):
    """Average precision at IoU 0.5, 0.75 and over ten thresholds, in percent.

    AP is the mean over the IoU thresholds 0.5, 0.55, ..., 0.95 of the mean over the classes. At
    each threshold precision is read at the 11 recalls 0, 0.1, ..., 1, as in VOC2007, and boxes
    include their last row and column. Difficult objects count neither as found nor as missed.
    detectron2, which published results come from, reports VOC2007 in this way. MMDetection's
    ``VOCMetric`` rounds to three digits and calls the mean over the thresholds mAP.

    Args:
        collect_device (str): Device to gather the results of all processes on, 'cpu' or 'gpu'.
        prefix (str, optional): Prefix of the keys. Defaults to ``pascal_voc``.
    """

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None):
        super().__init__(collect_device=collect_device, prefix=prefix)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute ``AP``, ``AP50`` and ``AP75``, and log each class at IoU 0.5.

        Args:
            results (list): Annotations and detections of each image, from ``process``.
        """
        annotations, detections = zip(*results, strict=True)
        classes = self.dataset_meta['classes']
        found = {}
        for threshold in THRESHOLDS:
            each = [
                _class_result(annotations, detections, label, threshold / 100)
                for label in range(len(classes))
            ]
            shown = [result['ap'] for result in each if result['num_gts']]
            mean = float(np.mean(shown)) if shown else 0.0
            if threshold == 50:
                print_map_summary(mean, each, classes, logger=MMLogger.get_current_instance())
            found[threshold] = 100 * mean
        return dict(AP=sum(found.values()) / len(found), AP50=found[50], AP75=found[75])


def _class_result(
    annotations: Sequence[dict], detections: Sequence[list], label: int, threshold: float
) -> dict:
    """Recall, precision and AP of one class.

    MMDetection's ``eval_map`` computes the same in processes that it forks for each threshold and
    does not wait for. Ten such calls hang now and then.
    """
    boxes, objects, ignored = get_cls_results(detections, annotations, label)
    found = [
        tpfp_default(*image, iou_thr=threshold, use_legacy_coordinate=True)
        for image in zip(boxes, objects, ignored, strict=True)
    ]
    order = np.argsort(-np.vstack(boxes)[:, -1], kind='stable')
    right, wrong = (
        np.cumsum(np.hstack(each)[0, order], dtype=float) for each in zip(*found, strict=True)
    )
    count = sum(map(len, objects))
    recall, precision = right / max(count, 1), right / np.maximum(right + wrong, 1)
    return dict(
        num_gts=count,
        num_dets=len(order),
        recall=recall,
        precision=precision,
        ap=average_precision(recall, precision, '11points'),
    )
