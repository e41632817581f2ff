"""Pictures to look at a run with: views of the images, nearest neighbours, training curves."""

from .contact_sheet import neighbor_sheet
from .training_curve import read_scalars, training_curve
from .view_sheet import view_sheet

__all__ = ['neighbor_sheet', 'read_scalars', 'training_curve', 'view_sheet']
