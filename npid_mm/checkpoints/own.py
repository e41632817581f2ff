"""Checkpoints of trainings here, or converted to such."""

from collections.abc import MutableMapping
from pathlib import Path

from .backbone import checkpoint_content, listed, network_state
from .objects import object_paths
from .walk import dotted


def own_checkpoint(path: str | Path) -> tuple[MutableMapping, MutableMapping]:
    """The content of a checkpoint with a model below 'state_dict', and that model.

    Args:
        path (str | Path): A file or an address.

    Returns:
        tuple[MutableMapping, MutableMapping]: The content and its state dict, which is part of
        it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no checkpoint of PyTorch, holds no model below 'state_dict', or one
            with more than tensors and plain values.
    """
    content = checkpoint_content(path)
    state = content.get('state_dict') if isinstance(content, MutableMapping) else None
    if isinstance(state, MutableMapping):
        network_state(content)  # which looks at its names
    else:
        keys = list(content) if isinstance(content, MutableMapping) else [type(content).__name__]
        raise ValueError(
            f"{path} holds no model below 'state_dict', only {listed(keys) or 'nothing'}: "
            'give a checkpoint of a training here, or convert one with --to npid_mm'
        )
    objects = [f'state_dict.{dotted(at)}' for at in object_paths(state)]
    if objects:
        raise ValueError(
            f'the model of {path} must be of tensors and plain values, but {listed(objects)} is '
            'an object of other code: convert it with --to npid_mm'
        )
    return content, state
