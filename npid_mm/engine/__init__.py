"""Run trainings and evaluations: hooks, loops, resuming, distributed search."""

from .atomic_file_backend import AtomicFileBackend
from .bank import BankEMAHook
from .hooks import (
    AtomicCheckpointHook,
    FeatureGateHook,
    GracefulStopHook,
    ImageCheckHook,
    LabelCheckHook,
    LabelFreeHook,
    MemoryBankHook,
    MissedValidationHook,
    OwnProbabilityHook,
    PretrainedBackboneHook,
    RunRecordHook,
    StepSeedHook,
    WeightsOnlyCheckpointHook,
)
from .runners import (
    KNNTestLoop,
    KNNValLoop,
    LinearSVMTestLoop,
    LowShotSVMTestLoop,
    ResumableTrainLoop,
    SVMTestLoop,
)

__all__ = [
    'BankEMAHook',
    'FeatureGateHook',
    'GracefulStopHook',
    'ImageCheckHook',
    'KNNTestLoop',
    'KNNValLoop',
    'LabelCheckHook',
    'LabelFreeHook',
    'LinearSVMTestLoop',
    'LowShotSVMTestLoop',
    'MemoryBankHook',
    'MissedValidationHook',
    'OwnProbabilityHook',
    'PretrainedBackboneHook',
    'ResumableTrainLoop',
    'RunRecordHook',
    'SVMTestLoop',
    'WeightsOnlyCheckpointHook',
    'StepSeedHook',
    'AtomicCheckpointHook',
    'AtomicFileBackend',
]
