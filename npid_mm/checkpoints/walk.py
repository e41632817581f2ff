"""Ways through what a checkpoint holds, which may share its parts or hold itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

DEEPEST = 100  # containers within each other
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
    """A path as one name, such as 'state_dict.fc.weight'."""
    return '.'.join(map(str, path))


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

    Each container is entered once: where it comes again, a :class:`Shared` stands for it. A file
    of a few lines can hold lists of each other with more paths than could ever be gone.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
        inner (Callable): What is in a container by name; None for all else.

    Raises:
        ValueError: Containers lie within each other more than 100 deep.
    """
    met, todo = {}, [((), content)]
    while todo:
        path, value = todo.pop()
        inside = inner(value)
        if inside is None:
            yield path, value
        elif id(value) in met:
            yield path, Shared(met[id(value)])
        elif len(path) > DEEPEST:
            raise ValueError(
                f'the checkpoint must hold at most {DEEPEST} containers within each other, but '
                f'goes on below {dotted(path[:3])}...: it is damaged, or was made to do harm'
            )
        else:
            met[id(value)] = path
            todo += reversed([((*path, name), each) for name, each in inside.items()])
