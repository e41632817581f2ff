"""Converting a checkpoint into a file, with an account of every key."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from torch import Tensor

from npid_mm.checkpoints.fit import COUNTER, MISSING, fit_report, misfits
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.outputs import CHECKPOINT, check_output

from .exporters import TARGETS, Target
from .importers import read_backbone
from .resnet_kinds import closest_resnet
from .state import BANK, NECK, NPIDState, Z

SHOWN = 3  # keys of a group, at most
WIDE = 100  # of a value, in characters


def extract_backbone(checkpoint: str | Path, path: str | Path, force: bool = False) -> str:
    """Write the backbone of a checkpoint under torchvision's names, whole or not at all.

    Args:
        checkpoint (str | Path): A file or address that :func:`backbone_weights` reads.
        path (str | Path): File to write; a checkpoint that is there is replaced.
        force (bool): Replace any other file too.

    Returns:
        str: Which keys it has, which were left, and which ResNet it is.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        OSError: Something else is in the place of the file, or it cannot be written.
        ValueError: It holds no backbone, or not a whole ResNet of torchvision.
    """
    check_output(path, CHECKPOINT, force, 'OUT', checkpoint)
    return convert(read_backbone(checkpoint), 'torchvision', path, force)


def convert(pretrained: NPIDState, target: str, path: str | Path, force: bool = False) -> str:
    """Write a pretrained NPID, whole or not at all.

    Args:
        pretrained (NPIDState): What there is.
        target (str): A key of :data:`~npid_mm.checkpoints.convert.exporters.TARGETS`.
        path (str | Path): File to write; a checkpoint that is there is replaced.
        force (bool): Replace any other file too.

    Returns:
        str: A table of the keys used, renamed and left, and what should be known.

    Raises:
        OSError: Something else is in the place of the file, or it cannot be written.
        ValueError: ``target`` is unknown, ``path`` is the file that was read or ends otherwise, or
            the backbone is cut off, or not what the target holds.
        ImportError: A package is missing.
    """
    if target not in TARGETS:
        raise ValueError(f'target must be one of {", ".join(TARGETS)}, got {target!r}')
    kind = TARGETS[target]
    check_output(path, kind.output, force, 'OUT', pretrained.path)
    data = kind.data(pretrained)
    _check_whole(pretrained.backbone())
    write_atomic(path, data)
    facts = _facts(pretrained) if kind.whole else [_backbone_fact(pretrained.backbone())]
    return '\n'.join([*table(pretrained, kind), *facts])


def _check_whole(weights: Mapping[str, Tensor]) -> None:
    """Refuse a ResNet of which only a part is there."""
    try:
        name, own = closest_resnet(weights)
    except ValueError:  # another network, whose parts nobody knows
        return
    if misfits(own, weights).keys() == {MISSING}:
        raise ValueError(
            f'the backbone is cut off: of the {name} of torchvision, {fit_report(own, weights)}: '
            'give a checkpoint with all of it'
        )


def table(pretrained: NPIDState, target: Target) -> list[str]:
    """A line for each group of keys: used as they are, renamed, or left.

    The counts of all lines add up to the number of values in the file that was read.
    """
    left = dict(pretrained.left)
    moves = []
    for name, key in pretrained.origin.items():
        if name.startswith(target.prefix):
            moves.append((key, target.place(name)))
        else:
            left[key] = pretrained.state[name]
    lines = [
        _move_line(*beginnings, [key for key, _ in group])
        for beginnings, group in groupby(moves, lambda move: _beginnings(*move))
    ]
    if pretrained.settings_from and target.whole:
        lines.append(_line('used', 1, f'{pretrained.settings_from}: {_told(pretrained)}'))
    elif pretrained.settings_from:
        left[pretrained.settings_from] = _told(pretrained)
    lines += [
        _left_line(head, dict(group))
        for head, group in groupby(left.items(), lambda item: _head(item[0]))
    ]
    return lines


def _move_line(old: str, new: str, keys: list[str]) -> str:
    """Keys that begin with ``old`` and come to begin with ``new``."""
    if old == new:
        return _line('used', len(keys), _shown(keys))
    if keys == [old]:
        return _line('renamed', 1, f'{old} -> {new}')
    return _line('renamed', len(keys), f'{old}* -> {new}* ({_shown(keys, old)})')


def _left_line(head: str, values: dict[str, object]) -> str:
    """Values whose keys begin with ``head``."""
    if len(values) == 1:
        ((key, value),) = values.items()
        return _line('left', 1, f'{key}: {_described(value)}')
    return _line('left', len(values), f'{head}.* ({_shown(list(values), head + ".")})')


def _line(verb: str, count: int, what: str) -> str:
    return f'{verb:<8}{count:>4}  {what}'


def _told(pretrained: NPIDState) -> str:
    """The settings that a file tells."""
    told = [f'{name} {value:g}' for name, value in pretrained.settings.items()]
    return ', '.join(told + [f'{Z} {pretrained.state[Z]:g}'] if Z in pretrained.state else told)


def _facts(pretrained: NPIDState) -> list[str]:
    """What is in a pretrained NPID, and what is not."""
    state, facts = pretrained.state, list(pretrained.notes)
    facts.append(_backbone_fact(pretrained.backbone()))
    projection = state.get(f'{NECK}weight')
    bank = state.get(BANK)
    facts += [
        f'projection: {_size(projection)}',
        f'bank: {_size(bank)}'
        + ('' if bank is not None else ', training that goes on starts with a new one'),
        f'Z: {state[Z]:.7g}, for an NPID with NCEHead' if Z in state else 'Z: none in the file',
    ]
    return facts


def _size(tensor: Tensor | None) -> str:
    """Rows and columns."""
    return 'none in the file' if tensor is None else ' x '.join(f'{n:,}' for n in tensor.shape)


def _backbone_fact(weights: Mapping[str, Tensor]) -> str:
    """Which ResNet a backbone is."""
    try:
        name, own = closest_resnet(weights)
    except ValueError:
        return f'backbone: {len(weights)} weights, no ResNet'
    misfit = fit_report(own, weights)
    if misfit:
        return f'backbone: not the {name} of torchvision, which it is closest to: {misfit}'
    text = f'backbone: all weights of the {name} of torchvision matched, {len(weights)} keys'
    if not any(key.endswith(COUNTER) for key in weights):
        text += ' (without the counters of norms, which nothing needs)'
    return text


def _beginnings(old: str, new: str) -> tuple[str, str]:
    """Two keys without the parts in which they end alike."""
    old_parts, new_parts = old.split('.'), new.split('.')
    while old_parts and new_parts and old_parts[-1] == new_parts[-1]:
        old_parts.pop()
        new_parts.pop()
    if len(old_parts) == old.count('.') + 1:
        return old, new
    return tuple(''.join(f'{part}.' for part in parts) for parts in (old_parts, new_parts))


def _head(key: str) -> str:
    """The first two parts of a key."""
    return '.'.join(key.split('.')[:2])


def _shown(keys: list[str], beginning: str = '') -> str:
    """Keys without their beginning, not all of many."""
    keys = [key.removeprefix(beginning) for key in keys]
    return ', '.join(keys) if len(keys) <= SHOWN else f'{keys[0]} ... {keys[-1]}'


def _described(value) -> str:
    """A value in a few words."""
    if isinstance(value, Tensor):
        return f'tensor {tuple(value.shape)}' if value.dim() else f'{value.item():g}'
    text = repr(value)
    return text if len(text) <= WIDE else f'{text[:WIDE]}...'
