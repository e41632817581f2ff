"""Memory banks in a training: rows from features, images that come and go, averaged weights."""

from .bank_ema_hook import BankEMAHook
from .fill_rows import fill_from_features
from .grow_checkpoint import grow_checkpoint
from .match_images import Growth, match_images

__all__ = ['BankEMAHook', 'Growth', 'fill_from_features', 'grow_checkpoint', 'match_images']
