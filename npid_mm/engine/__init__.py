from .hooks import (
    GracefulStopHook,
    ImageCheckHook,
    LabelCheckHook,
    MemoryBankHook,
    MissedValidationHook,
    PretrainedBackboneHook,
    RunRecordHook,
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
    'MissedValidationHook',
    'PretrainedBackboneHook',
    'ResumableTrainLoop',
    'RunRecordHook',
    'SVMTestLoop',
    'SafeCheckpointHook',
    'SeedStepHook',
    'WholeCheckpointHook',
    'WholeFileBackend',
]
