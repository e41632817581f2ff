from .graceful_stop_hook import GracefulStopHook
from .image_check_hook import ImageCheckHook
from .label_check_hook import LabelCheckHook
from .memory_bank_hook import MemoryBankHook
from .pretrained_backbone_hook import PretrainedBackboneHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .seed_step_hook import SeedStepHook
from .whole_checkpoint_hook import WholeCheckpointHook

__all__ = [
    'GracefulStopHook',
    'ImageCheckHook',
    'LabelCheckHook',
    'MemoryBankHook',
    'PretrainedBackboneHook',
    'SafeCheckpointHook',
    'SeedStepHook',
    'WholeCheckpointHook',
]
