"""Limit the nesting depth and the size of checkpoint content."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from npid_mm.utils.text import PLAIN

from .builders import StubObject

DEEPEST = 100  # nested containers
LARGEST = 10_000_000  # values of a container, where shared ones count each time
FREE = 1 << 26  # bytes that all tensors may have in addition to TIMES the file
TIMES = 16


@dataclass
class Extent:
    """Measures of a container.

    Attributes:
        depth (int): Levels of nested containers.
        size (int): Values and containers, each as often as it is reached, up to ``LARGEST`` + 1.
        has_object (bool): Whether it holds anything but containers, tensors and plain values.
        is_cyclic (bool): Whether it, or a container in it, contains itself.
    """

    depth: int = 0
    size: int = 1
    has_object: bool = False
    is_cyclic: bool = False

    def add(self, other: 'Extent') -> None:
        """Count a container that is in this one."""
        self.depth = max(self.depth, 1 + other.depth)
        self.size = min(self.size + other.size, LARGEST + 1)
        self.has_object |= other.has_object
        self.is_cyclic |= other.is_cyclic


def check_extent(content: object, file_size: int) -> None:
    """Refuse content that is nested too deep, or whose tensors are far larger than the file.

    A few bytes can describe any number of nested containers, and, with a stride of 0, a tensor of
    any size.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
        file_size (int): Bytes of the file.

    Raises:
        ValueError: If a limit is exceeded.
    """
    sizes = {}

    def note_size(value: object) -> None:
        if isinstance(value, Tensor):
            sizes[id(value)] = value.nbytes

    depth = measure(content, {}, note_size, into_objects=True).depth
    if depth > DEEPEST:
        raise ValueError(
            f'the checkpoint must hold at most {DEEPEST} levels of nested containers, got {depth}'
        )
    limit, total = TIMES * file_size + FREE, sum(sizes.values())
    if total > limit:
        raise ValueError(
            f'its tensors have {total:,} bytes, more than the {limit:,} that a file of '
            f'{file_size:,} bytes may hold'
        )


def check_plain_tree(content: object) -> None:
    """Refuse content that code without a memory of shared containers would not finish visiting.

    Raises:
        ValueError: If a container contains itself, or shared containers are reached so often that
            there are more than 10 million values.
    """
    extent = measure(content, {})
    if extent.is_cyclic:
        raise ValueError('the checkpoint has a container that contains itself')
    if extent.size > LARGEST:
        raise ValueError(
            f'the checkpoint repeats its parts so often that it has more than {LARGEST:,} values'
        )


def measure(
    content: object,
    done: dict[int, Extent],
    visit_leaf: Callable[[object], None] = lambda value: None,
    into_objects: bool = False,
) -> Extent:
    """Measure content, with one visit per container.

    Args:
        content (object): Containers, tensors and values.
        done (dict[int, Extent]): Containers that were measured before, by their id; those of this
            call are added.
        visit_leaf (Callable): Called with everything that is not a container.
        into_objects (bool): Whether to treat a placeholder as a container of its state.
    """
    total = Extent()
    # the open containers from the outermost on: extent, id, and an iterator over the rest
    open_ids: set[int] = set()
    todo: list[tuple[Extent, int, Iterator]] = [(total, 0, iter([content]))]
    while todo:
        extent, own, rest = todo[-1]
        for value in rest:
            inside = _inside(value, into_objects)
            if inside is None:
                visit_leaf(value)
                extent.size = min(extent.size + 1, LARGEST + 1)
                extent.has_object |= type(value) not in PLAIN and not isinstance(value, Tensor)
            elif id(value) in done:
                extent.add(done[id(value)])
            elif id(value) in open_ids:
                extent.is_cyclic = True
            else:
                open_ids.add(id(value))
                todo.append((Extent(), id(value), inside))
                break
        else:
            todo.pop()
            if todo:
                open_ids.remove(own)
                done[own] = extent
                todo[-1][0].add(extent)
    return total


def has_object(value: object) -> bool:
    """Return whether a value is, or holds, anything but containers, tensors and plain values."""
    return measure(value, {}).has_object


def _inside(value: object, into_objects: bool) -> Iterator | None:
    if isinstance(value, Mapping):
        return iter(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return iter(value)
    return iter([value.state]) if into_objects and isinstance(value, StubObject) else None
