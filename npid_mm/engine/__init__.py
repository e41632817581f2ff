from .hooks import (
    GracefulStopHook,
    MemoryBankHook,
    SafeCheckpointHook,
    SeedStepHook,
    WholeCheckpointHook,
)
from .metrics import KNNAccuracy, LayerAccuracy
from .runners import (
    KNNTestLoop,
    KNNValLoop,
    LinearSVMTestLoop,
    LowShotSVMTestLoop,
    ResumableTrainLoop,
    SVMTestLoop,
)
from .whole_file_backend import WholeFileBackend

__all__ = [
    'GracefulStopHook',
    'KNNAccuracy',
    'KNNTestLoop',
    'KNNValLoop',
    'LayerAccuracy',
    'LinearSVMTestLoop',
    'LowShotSVMTestLoop',
    'MemoryBankHook',
    'ResumableTrainLoop',
    'SVMTestLoop',
    'SafeCheckpointHook',
    'SeedStepHook',
    'WholeCheckpointHook',
    'WholeFileBackend',
]
