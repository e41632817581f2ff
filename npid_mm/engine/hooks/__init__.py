"""Hooks of a Runner."""

from .atomic_checkpoint_hook import AtomicCheckpointHook
from .divergence_hook import DivergedError, DivergenceHook
from .graceful_stop_hook import GracefulStopHook
from .image_check_hook import ImageCheckHook
from .label_check_hook import LabelCheckHook
from .label_free import FeatureGateHook, LabelFreeHook, OwnProbabilityHook, WorseFeaturesError
from .memory_bank_hook import MemoryBankHook
from .missed_validation_hook import MissedValidationHook
from .pretrained_backbone_hook import PretrainedBackboneHook
from .run_record_hook import RunRecordHook
from .step_seed_hook import StepSeedHook
from .weights_only_checkpoint_hook import WeightsOnlyCheckpointHook

__all__ = [
    'DivergedError',
    'DivergenceHook',
    'FeatureGateHook',
    'GracefulStopHook',
    'ImageCheckHook',
    'LabelCheckHook',
    'LabelFreeHook',
    'MemoryBankHook',
    'MissedValidationHook',
    'OwnProbabilityHook',
    'PretrainedBackboneHook',
    'RunRecordHook',
    'WorseFeaturesError',
    'WeightsOnlyCheckpointHook',
    'StepSeedHook',
    'AtomicCheckpointHook',
]
