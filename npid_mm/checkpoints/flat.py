"""All values of a checkpoint in one row."""

from collections.abc import Iterator, Mapping

from .tensor_unpickler import Inert

# where a pickled module keeps what its state dict shows without these names
MODULE_PARTS = ('_parameters', '_buffers', '_modules')


def flat_values(content) -> dict[str, object]:
    """Tensors and plain values of a checkpoint by dotted keys, such as 'state_dict.fc.weight'.

    A pickled module shows its weights as its state dict would, and any other object its
    attributes.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
    """
    return dict(_walk('', content, ()))


def _walk(key: str, value, above: tuple) -> Iterator[tuple[str, object]]:
    """Values in ``value``, whose containers are ``above``: a pickle may hold itself."""
    inner = _attributes(value) if isinstance(value, Inert) else value
    if isinstance(inner, (list, tuple)):
        inner = dict(enumerate(inner))
    if not isinstance(inner, Mapping) or any(value is container for container in above):
        yield key, value
        return
    for name, each in inner.items():
        yield from _walk(f'{key}.{name}' if key else str(name), each, (*above, value))


def _attributes(value: Inert):
    """Attributes of an object, a module's weights among them; itself if none are known."""
    if not isinstance(value.state, Mapping):
        return value
    own = {name: each for name, each in value.state.items() if name not in MODULE_PARTS}
    for part in MODULE_PARTS:
        own |= value.state.get(part) or {}
    return own
