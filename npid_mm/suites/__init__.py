"""Run sets of benchmarks and sweeps on a checkpoint, and report their results."""

from .classification import CLASSIFICATION
from .detection import ALEXNET, DETECTION, VGG16
from .segmentation import SEGMENTATION

SUITES = {
    'classification': CLASSIFICATION,
    'detection': DETECTION,
    'detection-alexnet': ALEXNET,
    'detection-vgg16': VGG16,
    'segmentation': SEGMENTATION,
}

__all__ = ['SUITES']
