from .memory_bank_hook import MemoryBankHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .seed_step_hook import SeedStepHook

__all__ = ['MemoryBankHook', 'SafeCheckpointHook', 'SeedStepHook']
