from .svm_loop import LowShotSVMTestLoop, SVMTestLoop

__all__ = ['LowShotSVMTestLoop', 'SVMTestLoop']
