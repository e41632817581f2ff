from .hooks import (
    GracefulStopHook,
    MemoryBankHook,
    SafeCheckpointHook,
    SeedStepHook,
    WholeCheckpointHook,
)
from .metrics import KNNAccuracy, LayerAccuracy
from .runners import KNNTestLoop, KNNValLoop, ResumableTrainLoop
from .whole_file_backend import WholeFileBackend

__all__ = [
    'GracefulStopHook',
    'KNNAccuracy',
    'KNNTestLoop',
    'KNNValLoop',
    'LayerAccuracy',
    'MemoryBankHook',
    'ResumableTrainLoop',
    'SafeCheckpointHook',
    'SeedStepHook',
    'WholeCheckpointHook',
    'WholeFileBackend',
]
