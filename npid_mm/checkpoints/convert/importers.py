"""Import checkpoints of other NPID implementations."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from npid_mm.checkpoints.network import (
    backbone_keys,
    checkpoint_content,
    common_name,
    network_state,
    no_backbone_message,
)
from npid_mm.checkpoints.tree import flat_values
from npid_mm.utils.text import preview

from .npid_state import BACKBONE, BANK, NECK, Z_COUNT, NPIDState, Z, check_bank

SETTINGS = 'settings'  # a tensor with the settings of the loss
# content of that tensor by its length; old_momentum is the weight of the old row
LAYOUTS = {
    4: ('num_negatives', 'temperature', 'z', 'old_momentum'),
    2: ('temperature', 'old_momentum'),
}
UNIT = 1e-3  # tolerance of the norm of a unit row in float32


@dataclass(frozen=True)
class Source:
    """Layout of the checkpoints of a code base.

    Attributes:
        title (str): Name of the code base.
        sign (str): Pattern of a key by which its checkpoints are recognized.
        moves (dict[str, str]): Pattern of the start of a key -> start of the name in this package.
            The first match counts.
        deeper (str, optional): Pattern of a key that only a projection of several layers has.
    """

    title: str
    sign: str
    moves: dict[str, str]
    deeper: str | None = None


# with or without a container, and with the prefix of DataParallel
START = r'(?:state_dict\.)?(?:module\.)?'
# names that this package shares with MMSelfSup, and its own names of Z
SAME = {
    START + r'(backbone\.|neck\.fc\.|memory_bank\.feature_bank$|head\.z$|head\.z_count$)': r'\1'
}
SOURCES = {
    'mmselfsup1': Source(
        'MMSelfSup 1.x, or this package', START + r'memory_bank\.feature_bank$', SAME
    ),
    'mmselfsup0': Source('MMSelfSup 0.x', START + r'backbone\.', SAME),  # does not save the bank
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
    """Read NPID from a checkpoint of another code base.

    Args:
        path (str | Path): A file, or a URL.
        source (str): A key of :data:`SOURCES`.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If ``source`` is unknown, or the file is damaged or not a checkpoint of it; the
            message has the code base that it looks like.
    """
    if source not in SOURCES:
        raise ValueError(f'source must be one of {", ".join(SOURCES)}, got {source!r}')
    content = checkpoint_content(path)
    values = flat_values(content)
    _check_source(path, source, values)
    pretrained = NPIDState(str(path), SOURCES[source].title)
    for key, value in values.items():
        name = _name_here(key, SOURCES[source].moves)
        if name is None or not isinstance(value, Tensor):
            pretrained.unused[key] = value
        elif name == SETTINGS:
            _read_settings(pretrained, key, value)
        else:
            pretrained.state[name] = value.detach()
            pretrained.keys[name] = key
    deeper = SOURCES[source].deeper
    if deeper and any(re.match(deeper, key) for key in values):
        _drop_projection(pretrained)
    _normalize_rows(pretrained)
    return pretrained


def read_backbone(path: str | Path) -> NPIDState:
    """Read the backbone of any checkpoint, see :func:`~npid_mm.checkpoints.backbone_weights`.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not a checkpoint of PyTorch, or holds no backbone.
    """
    content = checkpoint_content(path)
    state: Any = network_state(content)
    values = flat_values(content)
    keys = {id(value): key for key, value in values.items()}
    pretrained = NPIDState(str(path), 'a checkpoint')
    for name, key in backbone_keys(state).items():
        pretrained.state[f'{BACKBONE}{name}'] = state[key].detach()
        pretrained.keys[f'{BACKBONE}{name}'] = keys[id(state[key])]
    if not pretrained.state:
        raise ValueError(no_backbone_message(path, content))
    used = set(pretrained.keys.values())
    pretrained.unused = {key: value for key, value in values.items() if key not in used}
    return pretrained


def guess_source(values: Mapping[str, object]) -> str | None:
    """Guess which code base wrote a checkpoint from its keys; None if none of :data:`SOURCES`."""
    for name, source in SOURCES.items():
        if any(re.match(source.sign, key) for key in values):
            return name
    return None


def _check_source(path: str | Path, source: str, values: Mapping[str, object]) -> None:
    likely = guess_source(values)
    if likely == source:
        return
    if likely:
        looks, advice = f'but looks like one of {likely}', f'give --from {likely}'
    else:
        looks = f'nor of {", ".join(name for name in SOURCES if name != source)}'
        advice = 'for the backbone alone npid convert extract-backbone reads more'
    heads = dict.fromkeys('.'.join(key.split('.')[:2]) for key in values)
    raise ValueError(
        f'{path} is not a checkpoint of {source} ({SOURCES[source].title}), {looks}: it holds '
        f'{preview(heads)}; {advice}'
    )


def _name_here(key: str, moves: Mapping[str, str]) -> str | None:
    for pattern, start in moves.items():
        match = re.match(pattern, key)
        if match:
            name = match.expand(start) + key[match.end() :]
            if name.startswith(BACKBONE):
                return BACKBONE + common_name(name.removeprefix(BACKBONE))
            return name
    return None


def _read_settings(pretrained: NPIDState, key: str, tensor: Tensor) -> None:
    """Read Z and the settings from the tensor in which the authors' loss keeps them."""
    if tuple(tensor.shape) not in {(length,) for length in LAYOUTS}:
        raise ValueError(
            f'{key} must hold 4 numbers (of NCE) or 2 (of the softmax over all images), '
            f'it has the shape {tuple(tensor.shape)}'
        )
    found = dict(zip(LAYOUTS[len(tensor)], tensor, strict=True))
    z = found.pop('z', None)
    # float32 keeps seven digits; Z is not a round number and stays as it is
    settings = {name: float(f'{value.item():.7g}') for name, value in found.items()}
    old = settings.pop('old_momentum')
    pretrained.settings = settings | dict(momentum=round(1 - old, 7))
    pretrained.settings_key = key
    pretrained.notes.append(
        f'momentum: {old:g} is the weight of the old row there, {1 - old:.7g} that of the new '
        'feature here'
    )
    if z is not None and z > 0:
        pretrained.state |= {Z: z.clone(), Z_COUNT: torch.tensor(1)}
    elif z is not None:
        pretrained.notes.append(f'Z: {z.item():g} in {key} means that it was not estimated yet')


def _drop_projection(pretrained: NPIDState) -> None:
    """Leave out a projection of several layers, whose first layer would pass for LinearNeck."""
    for name in [name for name in pretrained.state if name.startswith(NECK)]:
        pretrained.unused[pretrained.keys.pop(name)] = pretrained.state.pop(name)
    pretrained.notes.append('projection: left out, as no recipe here has several layers')


def _normalize_rows(pretrained: NPIDState) -> None:
    """Normalize the rows of the bank that no step has visited, which the authors' code does not."""
    bank = pretrained.state.get(BANK)
    if bank is None:
        return
    check_bank(bank, pretrained.keys[BANK])
    norm = torch.linalg.vector_norm(bank, dim=1, dtype=torch.float32)
    off = (norm - 1).abs() > max(UNIT, 4 * torch.finfo(bank.dtype).eps)
    if off.any():
        pretrained.state[BANK] = bank.index_put((off,), F.normalize(bank[off]))
        pretrained.notes.append(
            f'{BANK}: {int(off.sum()):,} of {len(bank):,} rows were not of length 1, as rows that '
            "no step has visited in the authors' code; now they are"
        )
