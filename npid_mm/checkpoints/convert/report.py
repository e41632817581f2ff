"""Report of a conversion: a table of all keys, and remarks on the parts of NPID."""

from itertools import groupby

from torch import Tensor

from npid_mm.checkpoints.fit import COUNTER, describe_misfits

from .exporters import Target
from .npid_state import BANK, NECK, NPIDState, Z
from .torchvision_resnets import match_resnet

SHOWN = 3  # keys of a group
WIDE = 100  # characters of a value


def report(pretrained: NPIDState, target: Target) -> str:
    """Describe a conversion.

    The table has a line for each group of keys: used as they are, renamed, or left out. The counts
    of all lines add up to the number of values in the file that was read.
    """
    unused = dict(pretrained.unused)
    moves = []
    for name, key in pretrained.keys.items():
        if name.startswith(target.prefix):
            moves.append((key, target.key(name)))
        else:
            unused[key] = pretrained.state[name]
    lines = [
        _move_line(*prefixes, [key for key, _ in group])
        for prefixes, group in groupby(moves, lambda move: _differing_prefixes(*move))
    ]
    key = pretrained.settings_key
    if key and target.complete:
        lines.append(_line('used', 1, f'{key}: {_settings(pretrained)}'))
    elif key:
        unused[key] = _settings(pretrained)
    lines += [
        _unused_line(head, dict(group))
        for head, group in groupby(unused.items(), lambda item: '.'.join(item[0].split('.')[:2]))
    ]
    backbone = _backbone_remark(pretrained.backbone())
    lines += _remarks(pretrained, backbone) if target.complete else [backbone]
    return '\n'.join(lines)


def _move_line(old: str, new: str, keys: list[str]) -> str:
    """Describe keys whose prefix ``old`` became ``new``."""
    if old == new:
        return _line('used', len(keys), _ends(keys))
    if keys == [old]:
        return _line('renamed', 1, f'{old} -> {new}')
    return _line('renamed', len(keys), f'{old}* -> {new}* ({_ends(keys, old)})')


def _unused_line(head: str, values: dict[str, object]) -> str:
    """Describe values whose keys begin with ``head``."""
    if len(values) == 1:
        ((key, value),) = values.items()
        return _line('left', 1, f'{key}: {_describe(value)}')
    return _line('left', len(values), f'{head}.* ({_ends(list(values), head + ".")})')


def _line(verb: str, count: int, what: str) -> str:
    return f'{verb:<8}{count:>4}  {what}'


def _settings(pretrained: NPIDState) -> str:
    found = dict(pretrained.settings)
    if Z in pretrained.state:
        found[Z] = float(pretrained.state[Z])
    return ', '.join(f'{name} {value:g}' for name, value in found.items())


def _remarks(pretrained: NPIDState, backbone: str) -> list[str]:
    state = pretrained.state
    bank = f'bank: {_size(state.get(BANK))}'
    if BANK not in state:
        bank += ', training from this file starts with a new bank'
    z = f'Z: {state[Z]:.7g}, for an NPID with NCEHead' if Z in state else 'Z: none in the file'
    projection = f'projection: {_size(state.get(f"{NECK}weight"))}'
    return [*pretrained.notes, backbone, projection, bank, z]


def _size(tensor: Tensor | None) -> str:
    return 'none in the file' if tensor is None else ' x '.join(f'{n:,}' for n in tensor.shape)


def _backbone_remark(weights: dict[str, Tensor]) -> str:
    match = match_resnet(weights)
    if match is None:
        return f'backbone: {len(weights)} weights, not a ResNet'
    if match.misfits:
        return (
            f'backbone: not the {match.name} of torchvision, which it is closest to: '
            f'{describe_misfits(match.misfits)}'
        )
    text = f'backbone: all weights of the {match.name} of torchvision matched, {len(weights)} keys'
    if not any(key.endswith(COUNTER) for key in weights):
        text += ' (without the batch counters of norms, which are not needed)'
    return text


def _differing_prefixes(old: str, new: str) -> tuple[str, str]:
    """Remove the last parts that two keys share; both keys as they are if they share none."""
    old_parts, new_parts = old.split('.'), new.split('.')
    while old_parts and new_parts and old_parts[-1] == new_parts[-1]:
        old_parts.pop()
        new_parts.pop()
    if len(old_parts) == old.count('.') + 1:
        return old, new
    return ''.join(f'{part}.' for part in old_parts), ''.join(f'{part}.' for part in new_parts)


def _ends(keys: list[str], prefix: str = '') -> str:
    """Join keys without their prefix; of many keys, only the first and the last."""
    keys = [key.removeprefix(prefix) for key in keys]
    return ', '.join(keys) if len(keys) <= SHOWN else f'{keys[0]} ... {keys[-1]}'


def _describe(value: object) -> str:
    if isinstance(value, Tensor):
        return f'tensor {tuple(value.shape)}' if value.dim() else f'{value.item():g}'
    text = repr(value)
    return text if len(text) <= WIDE else f'{text[:WIDE]}...'
