"""Pictures and pages of a run: views, neighbors, curves, maps, accuracy by class."""

from .class_accuracy import class_accuracy, class_accuracy_bars
from .class_map import METHODS, class_map, project_2d
from .neighbor_page import neighbor_page
from .neighbor_sheet import neighbor_sheet
from .retrieval_figure import rank_queries, retrieval_figure
from .sampling import sample_across_classes, sample_positions
from .scalars import read_run, run_names
from .training_curve import training_curve
from .view_sheet import view_sheet

__all__ = [
    'METHODS',
    'class_accuracy',
    'class_accuracy_bars',
    'class_map',
    'neighbor_page',
    'neighbor_sheet',
    'project_2d',
    'rank_queries',
    'read_run',
    'retrieval_figure',
    'run_names',
    'sample_across_classes',
    'sample_positions',
    'training_curve',
    'view_sheet',
]
