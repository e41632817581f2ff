"""Traverse nested checkpoint containers, with shared and cyclic references."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

LONGEST = 100_000_000  # characters of all names together
Place = tuple[object, ...]  # names from the outermost container on


@dataclass(frozen=True)
class Shared:
    """Takes the place of a container that was met before.

    Attributes:
        path (tuple): Where it was met first.
    """

    path: Place

    def __repr__(self):
        return f'<the same as {dotted(self.path) or "the whole"}>'


def dotted(path: Place) -> str:
    """A path as one name on one line, such as 'state_dict.fc.weight'."""
    name = '.'.join(map(str, path))
    return name if name.isprintable() else name.encode('unicode_escape').decode()


def dotted_names(paths: Iterable[Place]) -> Iterator[str]:
    """:func:`dotted` names of paths.

    Raises:
        ValueError: They have more than 100 million characters together: a long name above a long
            list is part of the name of each item.
    """
    total = 0
    for path in paths:
        name = dotted(path)
        total += len(name)
        if total > LONGEST:
            raise ValueError(
                f'the names in the checkpoint must have at most {LONGEST:,} characters together'
            )
        yield name


def mapping_items(value) -> Mapping | None:
    """What is in a mapping by its keys; None if ``value`` is none."""
    return value if isinstance(value, Mapping) else None


def items(value) -> Mapping | None:
    """What is in a mapping, a sequence or a set; None if ``value`` is none of these."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return dict(enumerate(value))
    return mapping_items(value)


def walk(
    content, inner: Callable[[object], Mapping | None] = items
) -> Iterator[tuple[Place, object]]:
    """Paths and values of all that is no container, in order.

    Each container is entered once: where it comes again, a :class:`Shared` stands for it. A small
    file can hold nested lists with exponentially many paths.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
        inner (Callable): What is in a container by name; None for all else.
    """
    met, todo = {}, [((), content)]
    while todo:
        path, value = todo.pop()
        inside = inner(value)
        if inside is None:
            yield path, value
        elif id(value) in met:
            yield path, Shared(met[id(value)])
        else:
            met[id(value)] = path
            todo += reversed([((*path, name), each) for name, each in inside.items()])
