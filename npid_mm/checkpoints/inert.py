"""Checkpoints of others, of which nothing but tensors and plain values comes to life."""

import pickle
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import serialization


class Inert:
    """Takes the place of whatever a checkpoint pickled (log histories, say), and does nothing."""

    def __init__(self, *args):
        pass

    def __setstate__(self, state):
        pass


def load_tensors(path: str | Path):
    """Read a checkpoint with ``weights_only=True``, also where it holds other objects.

    MMEngine and MMSelfSup 1.x save pickled log histories beside the weights, which the safe
    reader refuses. Here every class and function that a file names is replaced by
    :class:`Inert`, so nothing of the file is ever run.

    Returns:
        The content, on the CPU.

    Raises:
        ValueError: The file is no checkpoint of PyTorch.
    """
    try:
        foreign = [(Inert, name) for name in _foreign_names(path)]
        with serialization.safe_globals(foreign) if foreign else nullcontext():
            return torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = f'{type(error).__name__} {error}'.splitlines()[0]
        raise ValueError(f'cannot read {path} as a checkpoint of PyTorch: {reason}') from error


def _foreign_names(path: str | Path) -> list[str]:
    """Classes and functions in a checkpoint that the safe reader does not know."""
    find = getattr(serialization, 'get_unsafe_globals_in_checkpoint', None)
    if find is None:  # torch < 2.6, which reads tensors and plain values only
        return []
    try:
        return find(path)
    except ValueError:  # the format before torch 1.6, which no MMEngine wrote
        return []
