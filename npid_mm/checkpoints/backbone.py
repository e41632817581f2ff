"""The backbone of a checkpoint: complete, or not at all."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.fileio import get_local_path
from torch import Tensor, nn

from .inert import load_tensors

BACKBONE = 'backbone.'
OTHER_PARTS = ('neck.', 'head.', 'memory_bank.', 'data_preprocessor.')
COUNTER = 'num_batches_tracked'  # of batch norms, which old checkpoints lack and nothing needs
SHOWN = 20  # keys of each kind in a message


def backbone_weights(path: str | Path) -> dict[str, Tensor]:
    """Weights of the backbone in a checkpoint, under the backbone's own names.

    Reads checkpoints of this package, of MMSelfSup 0.x and 1.x and bare backbones: keys with or
    without ``backbone.`` (and ``module.``), below 'state_dict' or at the top.

    Args:
        path (str | Path): A file, or an address such as ``https://...``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no checkpoint of PyTorch, or holds no backbone.
    """
    if '://' not in str(path) and not Path(path).is_file():
        raise FileNotFoundError(f'checkpoint not found: {path}')
    with get_local_path(str(path)) as local:
        content = load_tensors(local)
    state = content.get('state_dict', content) if isinstance(content, Mapping) else {}
    weights = pick_backbone(state)
    if not weights:
        keys = list(state) or ([type(content).__name__] if not isinstance(content, Mapping) else [])
        raise ValueError(
            f'{path} holds no backbone, only {_listed(keys) or "nothing"}: give the checkpoint of '
            'a pretraining (keys such as backbone.conv1.weight), or one of a bare backbone'
        )
    return weights


def pick_backbone(state: Mapping) -> dict[str, Tensor]:
    """The backbone's part of a state dict, without prefixes; empty if it has none."""
    tensors = {
        name.removeprefix('module.'): value
        for name, value in state.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    own = {name: value for name, value in tensors.items() if name.startswith(BACKBONE)}
    if own:
        return {name.removeprefix(BACKBONE): value for name, value in own.items()}
    return {name: value for name, value in tensors.items() if not name.startswith(OTHER_PARTS)}


def load_backbone(backbone: nn.Module, path: str | Path) -> None:
    """Load all weights of ``backbone`` from a checkpoint, or none of them.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file holds no backbone, or another one. The message lists keys that are
            missing, unexpected or of another shape.
    """
    weights = backbone_weights(path)
    report = fit_report(backbone.state_dict(), weights)
    if report:
        raise ValueError(
            f'{path} does not fit the backbone {type(backbone).__name__}:\n{report}\n'
            'make model.backbone the network of the checkpoint, or give the checkpoint of this one'
        )
    backbone.load_state_dict(weights)


def fit_report(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """What keeps the state dict ``given`` from filling ``own``, a line a kind; empty if nothing."""
    missing = [name for name in own if name not in given and not name.endswith(COUNTER)]
    unexpected = [name for name in given if name not in own]
    reshaped = [
        f'{name} {tuple(given[name].shape)} instead of {tuple(value.shape)}'
        for name, value in own.items()
        if name in given and given[name].shape != value.shape
    ]
    kinds = {'missing': missing, 'unexpected': unexpected, 'of another shape': reshaped}
    return '\n'.join(
        f'  {len(names)} {kind}: {_listed(names)}' for kind, names in kinds.items() if names
    )


def _listed(names: list[str]) -> str:
    """The first names, and that there are more."""
    return ', '.join(names[:SHOWN]) + (', ...' if len(names) > SHOWN else '')
