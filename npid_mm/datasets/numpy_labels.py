"""Labels as NumPy integers, which MMPretrain's data samples refuse."""

import numpy as np
from mmpretrain.structures import data_sample
from mmpretrain.structures.utils import format_label


def _format_label(value):
    return format_label(int(value) if isinstance(value, np.integer) else value)


def accept_numpy_labels() -> None:
    """Let MMPretrain's data samples take the labels of a data frame or an array, np.int64."""
    data_sample.format_label = _format_label
