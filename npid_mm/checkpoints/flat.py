"""Flatten a checkpoint to {dotted key: value}."""

from collections.abc import Mapping

from .tensor_unpickler import Inert
from .walk import dotted_names, items, walk

# where a pickled module keeps what its state dict shows without these names
MODULE_PARTS = ('_parameters', '_buffers', '_modules')


def flat_values(content) -> dict[str, object]:
    """Tensors and plain values of a checkpoint by dotted keys, such as 'state_dict.fc.weight'.

    A pickled module shows its weights as its state dict would, and any other object its
    attributes. What comes again is a :class:`~npid_mm.checkpoints.walk.Shared` there.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.

    Raises:
        ValueError: The keys are too long together.
    """
    found = list(walk(content, _inner))
    names = dotted_names(path for path, _ in found)
    return dict(zip(names, (value for _, value in found), strict=True))


def _inner(value) -> Mapping | None:
    """What is in a container or an object, the weights of a module among it."""
    if not isinstance(value, Inert):
        return items(value)
    if not isinstance(value.state, Mapping):
        return None
    own = {name: each for name, each in value.state.items() if name not in MODULE_PARTS}
    for part in MODULE_PARTS:
        inside = value.state.get(part)
        own |= inside if isinstance(inside, Mapping) else {}
    return own
