from .hooks import MemoryBankHook, SafeCheckpointHook, SeedStepHook
from .metrics import KNNAccuracy
from .runners import KNNTestLoop, KNNValLoop

__all__ = [
    'KNNAccuracy',
    'KNNTestLoop',
    'KNNValLoop',
    'MemoryBankHook',
    'SafeCheckpointHook',
    'SeedStepHook',
]
