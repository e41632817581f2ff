"""Pictures and pages to look at a run with: views, neighbours, curves, maps, classes."""

from .class_accuracy import class_accuracy, class_accuracy_bars
from .class_map import METHODS, class_map, plane
from .contact_sheet import neighbor_sheet
from .neighbor_page import neighbor_page
from .retrieval_figure import rank_queries, retrieval_figure
from .run_log import read_run, read_scalars, run_names
from .sampling import drawn_positions, spread_positions
from .training_curve import training_curve
from .view_sheet import view_sheet

__all__ = [
    'METHODS',
    'class_accuracy',
    'class_accuracy_bars',
    'class_map',
    'drawn_positions',
    'neighbor_page',
    'neighbor_sheet',
    'plane',
    'rank_queries',
    'read_run',
    'read_scalars',
    'retrieval_figure',
    'run_names',
    'spread_positions',
    'training_curve',
    'view_sheet',
]
