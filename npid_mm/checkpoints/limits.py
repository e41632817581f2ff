"""Measure how far the containers of a checkpoint go: their depth, size and tensors."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .plain_types import StubObject

DEEPEST = 100  # containers within each other
LARGEST = 10_000_000  # values of a container when what is shared is counted again
FREE = 1 << 26  # bytes that tensors may stand for beside those of the file
TIMES = 16  # how often they may stand for the bytes of the file
PLAIN = {bool, int, float, complex, str, bytes, bytearray, type(None), torch.dtype, torch.device}


@dataclass
class Extent:
    """How far a container goes.

    Attributes:
        depth (int): Containers within each other.
        size (int): Values and containers, each as often as it is reached; up to ``LARGEST``.
        has_object (bool): Whether it holds anything but containers, tensors and plain values.
        holds_itself (bool): Whether it, or a container in it, is reached from itself.
    """

    depth: int = 0
    size: int = 1
    has_object: bool = False
    holds_itself: bool = False

    def add(self, other: 'Extent') -> None:
        """Count a container that is in this one."""
        self.depth = max(self.depth, 1 + other.depth)
        self.size = min(self.size + other.size, LARGEST + 1)
        self.has_object |= other.has_object
        self.holds_itself |= other.holds_itself


def check_extent(content, file_size: int) -> None:
    """Refuse content that goes too deep, or whose tensors are far larger than their file.

    A few bytes can describe any number of containers within each other, and a tensor of any size:
    with a stride of 0 all its values are the same one.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
        file_size (int): Bytes of the file.

    Raises:
        ValueError: It is so.
    """
    sizes = {}

    def note(value):
        if isinstance(value, Tensor):
            sizes[id(value)] = value.nbytes

    depth = measure(content, {}, note, into_objects=True).depth
    if depth > DEEPEST:
        raise ValueError(
            f'the checkpoint must hold at most {DEEPEST} containers within each other, got {depth}'
        )
    limit, total = TIMES * file_size + FREE, sum(sizes.values())
    if total > limit:
        raise ValueError(
            f'its tensors have {total:,} bytes, more than the {limit:,} that a file of '
            f'{file_size:,} bytes may stand for'
        )


def check_plain_tree(content) -> None:
    """Refuse content that code which visits shared containers again would not get through.

    Raises:
        ValueError: A container is reached from itself, or shared containers are reached so often
            that there are more than 10 million values.
    """
    extent = measure(content, {})
    if extent.holds_itself:
        raise ValueError('the checkpoint holds itself')
    if extent.size > LARGEST:
        raise ValueError(
            f'the checkpoint repeats its parts so often that it has more than {LARGEST:,} values'
        )


def measure(
    content,
    done: dict[int, Extent],
    see: Callable[[object], None] = lambda value: None,
    into_objects: bool = False,
) -> Extent:
    """Measure content, with one visit to each container.

    Args:
        content (object): Containers, tensors and values.
        done (dict[int, Extent]): Containers that were measured before, by their id; those of this
            call are added.
        see (Callable): Called with all that is not a container.
        into_objects (bool): Whether the state of a placeholder counts as in a container.
    """
    whole = Extent()
    # the containers that are being measured, from the outermost on, and what is left of each
    opened, todo = set(), [(whole, None, iter([content]))]
    while todo:
        extent, own, rest = todo[-1]
        for value in rest:
            inside = _inside(value, into_objects)
            if inside is None:
                see(value)
                extent.size = min(extent.size + 1, LARGEST + 1)
                extent.has_object |= type(value) not in PLAIN and not isinstance(value, Tensor)
            elif id(value) in done:
                extent.add(done[id(value)])
            elif id(value) in opened:
                extent.holds_itself = True
            else:
                opened.add(id(value))
                todo.append((Extent(), id(value), inside))
                break
        else:
            todo.pop()
            if todo:
                opened.remove(own)
                done[own] = extent
                todo[-1][0].add(extent)
    return whole


def has_object(value) -> bool:
    """Return whether a value is, or holds, anything but containers, tensors and plain values."""
    return measure(value, {}).has_object


def brief(value) -> str:
    """Describe a value in a few words; the repr of a container may never end."""
    kind = type(value)
    return reprlib.repr(value) if kind in PLAIN else f'an object of the type {kind.__name__[:40]}'


def _inside(value, into_objects: bool) -> Iterator | None:
    """Iterate over a container; None if ``value`` is not one."""
    if isinstance(value, Mapping):
        return iter(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return iter(value)
    return iter([value.state]) if into_objects and isinstance(value, StubObject) else None
