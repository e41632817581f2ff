"""Checkpoints of the code bases that have NPID, taken apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from npid_mm.checkpoints.network import (
    backbone_keys,
    checkpoint_content,
    common_name,
    listed,
    network_state,
    no_backbone,
)
from npid_mm.checkpoints.tree import flat_values

from .state import BACKBONE, BANK, NECK, Z_COUNT, NPIDState, Z, check_bank

SETTINGS = 'settings'  # a tensor with the settings of the loss
# what such a tensor has, by its length; old_momentum is the weight of the old row
LAYOUTS = {
    4: ('num_negatives', 'temperature', 'z', 'old_momentum'),
    2: ('temperature', 'old_momentum'),
}
UNIT = 1e-3  # how far from 1 the norm of a unit row may be, in float32


@dataclass(frozen=True)
class Source:
    """Where a code base keeps the parts of NPID.

    Attributes:
        title (str): Name for the reader.
        sign (str): Pattern of a key that a checkpoint of it has.
        moves (dict[str, str]): Pattern of the beginning of a key -> beginning of the name here.
            The first that fits counts.
        deeper (str, optional): Pattern of a key that a projection of several layers has.
    """

    title: str
    sign: str
    moves: dict[str, str]
    deeper: str | None = None


# of a checkpoint, or of its state dict alone; DataParallel puts the second part before all names
START = r'(?:state_dict\.)?(?:module\.)?'
# names that this package has too, and its own of Z
SAME = {
    START + r'(backbone\.|neck\.fc\.|memory_bank\.feature_bank$|head\.z$|head\.z_count$)': r'\1'
}
SOURCES = {
    'mmselfsup1': Source(
        'MMSelfSup 1.x, or this package', START + r'memory_bank\.feature_bank$', SAME
    ),
    # which loses its bank
    'mmselfsup0': Source('MMSelfSup 0.x', START + r'backbone\.', SAME),
    'lemniscate': Source(
        "the authors' code",
        r'(state_dict\.module|net(\.module)?)\.conv1\.',
        {
            r'(state_dict\.module|net(\.module)?)\.(fc|linear)\.': NECK,
            r'(state_dict\.module|net\.module|net)\.': BACKBONE,
            r'lemniscate\.memory$': BANK,
            r'lemniscate\.params$': SETTINGS,
        },
    ),
    'vissl': Source(
        'VISSL',
        r'classy_state_dict\.base_model\.model\.trunk\.',
        {
            r'classy_state_dict\.base_model\.model\.trunk\._feature_blocks\.': BACKBONE,
            r'classy_state_dict\.base_model\.model\.heads\.0\.clf\.0\.': NECK,
            r'classy_state_dict\.loss\.nce_average\.memory$': BANK,
            r'classy_state_dict\.loss\.nce_average\.params$': SETTINGS,
        },
        deeper=r'classy_state_dict\.base_model\.model\.heads\.(0\.clf\.[1-9]|[1-9])',
    ),
    'pycontrast': Source(
        'PyContrast',
        r'model\.(module\.)?encoder\.',
        {
            r'model\.(module\.)?encoder\.': BACKBONE,
            r'model\.(module\.)?head\.0\.': NECK,
            r'contrast\.memory$': BANK,
        },
        deeper=r'model\.(module\.)?head\.[1-9]',
    ),
}


def read_pretrained(path: str | Path, source: str) -> NPIDState:
    """Take a checkpoint of another code base apart.

    Args:
        path (str | Path): A file, or an address.
        source (str): A key of :data:`SOURCES`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: ``source`` is unknown, or the file is no checkpoint of it (the message says
            which one it looks like), or a damaged one.
    """
    if source not in SOURCES:
        raise ValueError(f'source must be one of {", ".join(SOURCES)}, got {source!r}')
    content = checkpoint_content(path)
    values = flat_values(content)
    likely = recognise(values)
    if likely != source:
        if likely:
            looks, way = f'but looks like one of {likely}', f'give --from {likely}'
        else:
            looks = f'nor of {", ".join(name for name in SOURCES if name != source)}'
            way = 'for the backbone alone tools/model_converters/extract_backbone.py reads more'
        raise ValueError(
            f'{path} is no checkpoint of {source} ({SOURCES[source].title}), {looks}: it holds '
            f'{listed(_heads(values))}; {way}'
        )
    pretrained = NPIDState(str(path), SOURCES[source].title)
    for key, value in values.items():
        name = _name_here(key, SOURCES[source].moves)
        if name is None or not isinstance(value, Tensor):
            pretrained.left[key] = value
        elif name == SETTINGS:
            _take_settings(pretrained, key, value)
        else:
            pretrained.state[name] = value.detach()
            pretrained.origin[name] = key
    deeper = SOURCES[source].deeper
    if deeper and any(re.match(deeper, key) for key in values):
        _leave_projection(pretrained)
    _make_rows_unit(pretrained)
    return pretrained


def read_backbone(path: str | Path) -> NPIDState:
    """The backbone of any checkpoint that :func:`~npid_mm.checkpoints.backbone_weights` reads.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no checkpoint of PyTorch, or holds no backbone.
    """
    content = checkpoint_content(path)
    state, values = network_state(content), flat_values(content)
    keys = {id(value): key for key, value in values.items()}
    pretrained = NPIDState(str(path), 'a checkpoint')
    for name, key in backbone_keys(state).items():
        pretrained.state[f'{BACKBONE}{name}'] = state[key].detach()
        pretrained.origin[f'{BACKBONE}{name}'] = keys[id(state[key])]
    if not pretrained.state:
        raise ValueError(no_backbone(path, content))
    used = set(pretrained.origin.values())
    pretrained.left = {key: value for key, value in values.items() if key not in used}
    return pretrained


def recognise(values: Mapping[str, object]) -> str | None:
    """The code base that the keys of a checkpoint speak of, a key of :data:`SOURCES`."""
    for name, source in SOURCES.items():
        if any(re.match(source.sign, key) for key in values):
            return name
    return None


def _name_here(key: str, moves: Mapping[str, str]) -> str | None:
    for pattern, start in moves.items():
        match = re.match(pattern, key)
        if match:
            name = match.expand(start) + key[match.end() :]
            if name.startswith(BACKBONE):
                return BACKBONE + common_name(name.removeprefix(BACKBONE))
            return name
    return None


def _take_settings(pretrained: NPIDState, key: str, tensor: Tensor) -> None:
    """Z and the settings from the tensor that the authors' loss keeps them in."""
    if tuple(tensor.shape) not in {(length,) for length in LAYOUTS}:
        raise ValueError(
            f'{key} must hold 4 numbers (of NCE) or 2 (of the softmax over all images), '
            f'it has the shape {tuple(tensor.shape)}'
        )
    found = dict(zip(LAYOUTS[len(tensor)], tensor, strict=True))
    z = found.pop('z', None)
    # float32 keeps seven digits; Z is no round number and stays as it is
    settings = {name: float(f'{value.item():.7g}') for name, value in found.items()}
    old = settings.pop('old_momentum')
    pretrained.settings = settings | dict(momentum=round(1 - old, 7))
    pretrained.settings_from = key
    pretrained.notes.append(
        f'momentum: {old:g} is the weight of the old row there, {1 - old:.7g} that of the new '
        'feature here'
    )
    if z is not None and z > 0:
        pretrained.state |= {Z: z.clone(), Z_COUNT: torch.tensor(1)}
    elif z is not None:
        pretrained.notes.append(f'Z: {z.item():g} in {key} says that it was not estimated yet')


def _leave_projection(pretrained: NPIDState) -> None:
    """Leave a projection of several layers, of which LinearNeck would be the first."""
    for name in [name for name in pretrained.state if name.startswith(NECK)]:
        pretrained.left[pretrained.origin.pop(name)] = pretrained.state.pop(name)
    pretrained.notes.append('projection: of several layers, which no recipe here has; left')


def _make_rows_unit(pretrained: NPIDState) -> None:
    """Bring rows to length 1 that are not: the authors' code starts with such."""
    bank = pretrained.state.get(BANK)
    if bank is None:
        return
    check_bank(bank, pretrained.origin[BANK])
    norm = torch.linalg.vector_norm(bank, dim=1, dtype=torch.float32)
    off = (norm - 1).abs() > max(UNIT, 4 * torch.finfo(bank.dtype).eps)
    if off.any():
        pretrained.state[BANK] = bank.index_put((off,), F.normalize(bank[off]))
        pretrained.notes.append(
            f'{BANK}: {int(off.sum()):,} of {len(bank):,} rows were not of length 1, as rows that '
            "no step has visited in the authors' code; now they are"
        )


def _heads(values: Mapping[str, object]) -> list[str]:
    """The first two parts of all keys, each once."""
    return list(dict.fromkeys('.'.join(key.split('.')[:2]) for key in values))
