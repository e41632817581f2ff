"""Find the weights that a training starts from in a checkpoint of any code base."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor

from .fit import BACKBONE, complete_state
from .network import backbone_keys, checkpoint_content, network_state, no_backbone_message

PARTS = (BACKBONE, 'neck.')
POSITIONS = ('pos_embed', 'pos_embedding')  # ends of the names of position embeddings
EXTRA_TOKENS = (1, 0, 2, 5)  # tokens without a position, such as the class token
ADVICE = (
    'give the model and the dim of the checkpoint, or a checkpoint of this model; other '
    'image sizes only change position embeddings, which are resized'
)


@dataclass(frozen=True)
class InitialWeights:
    """Weights to start from, and an account of all keys of the checkpoint.

    Attributes:
        state (dict[str, Tensor]): Weights by the names of the model.
        lines (list[str]): A line for each key: its name in the model and its shape, or 'left out'.
    """

    state: dict[str, Tensor]
    lines: list[str]


def initial_weights(own: Mapping[str, Tensor], path: str | Path) -> InitialWeights:
    """Find weights for the backbone of a model, and for its neck if the checkpoint has them.

    Args:
        own (Mapping[str, Tensor]): State dict of the model; only ``backbone.*`` and ``neck.*`` are
            filled.
        path (str | Path): A file or a URL, see
            :func:`~npid_mm.checkpoints.network.checkpoint_content`.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it holds no backbone, or does not fill the model completely: the message
            lists the weights that are missing, unexpected or of another shape.
    """
    content = checkpoint_content(path)
    own = {name: value for name, value in own.items() if name.startswith(PARTS)}
    given = {
        key: value for key, value in network_state(content).items() if isinstance(value, Tensor)
    }
    names = [name.removeprefix(BACKBONE) for name in own if name.startswith(BACKBONE)]
    keys = {f'{BACKBONE}{name}': key for name, key in backbone_keys(given, names).items()}
    if not keys:
        raise ValueError(no_backbone_message(path, content))
    resized = _resize_positions(own, given, keys)
    try:
        state, _ = complete_state(own, {**given, **resized}, ADVICE, optional=['neck'])
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    for name in state.keys() - keys.keys():
        keys[name] = f'module.{name}' if f'module.{name}' in given else name
    lines = [f'{keys[name]} -> {name} {tuple(value.shape)}' for name, value in state.items()]
    lines += [f'{key} resized from {tuple(given[key].shape)}' for key in resized]
    used = {keys[name] for name in state}
    lines += [f'{key} left out' for key in given if key not in used]
    return InitialWeights(state, lines)


def _resize_positions(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], keys: Mapping[str, str]
) -> dict[str, Tensor]:
    """Interpolate position embeddings (1, tokens, C) that are for images of another size."""
    resized = {}
    for name, key in keys.items():
        if not (name in own and name.endswith(POSITIONS)):
            continue
        new, old = own[name].shape, given[key].shape
        if new == old or len(old) != 3 or len(new) != 3 or old[2] != new[2]:
            continue
        for extra in EXTRA_TOKENS:
            sides = [isqrt(max(shape[1] - extra, 0)) for shape in (old, new)]
            if all(side**2 + extra == s[1] for side, s in zip(sides, (old, new), strict=True)):
                pairs = [(side, side) for side in sides]
                resized[key] = resize_pos_embed(given[key], *pairs, num_extra_tokens=extra)
                break
    return resized
