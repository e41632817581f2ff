from .hooks import (
    GracefulStopHook,
    ImageCheckHook,
    LabelCheckHook,
    MemoryBankHook,
    PretrainedBackboneHook,
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
    'ImageCheckHook',
    'KNNAccuracy',
    'KNNTestLoop',
    'KNNValLoop',
    'LabelCheckHook',
    'LayerAccuracy',
    'LinearSVMTestLoop',
    'LowShotSVMTestLoop',
    'MemoryBankHook',
    'PretrainedBackboneHook',
    'ResumableTrainLoop',
    'SVMTestLoop',
    'SafeCheckpointHook',
    'SeedStepHook',
    'WholeCheckpointHook',
    'WholeFileBackend',
]
