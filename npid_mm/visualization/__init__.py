"""Pictures to look at a run with: nearest neighbours and training curves."""

from .contact_sheet import neighbor_sheet
from .training_curve import read_scalars, training_curve

__all__ = ['neighbor_sheet', 'read_scalars', 'training_curve']
