"""Test loops of the VOC07 SVM benchmarks."""

from .svm_loop import LowShotSVMTestLoop, SVMTestLoop

__all__ = ['LowShotSVMTestLoop', 'SVMTestLoop']
