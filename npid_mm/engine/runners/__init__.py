"""Training, validation and test loops of a Runner."""

from .knn_loop import KNNTestLoop, KNNValLoop
from .linear_svm_loop import LinearSVMTestLoop
from .resumable_train_loop import ResumableTrainLoop
from .voc_svm import LowShotSVMTestLoop, SVMTestLoop

__all__ = [
    'KNNTestLoop',
    'KNNValLoop',
    'LinearSVMTestLoop',
    'LowShotSVMTestLoop',
    'ResumableTrainLoop',
    'SVMTestLoop',
]
