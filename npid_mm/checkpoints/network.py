"""Find the state dict of a network, and its backbone, in a checkpoint of any code base."""

import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from mmengine.fileio import get_local_path
from torch import Tensor

from npid_mm.utils.download import download

from .limits import brief
from .reader import load_tensors
from .stub_unpickler import StubObject
from .tree import dotted, flat_values, object_paths

# where a file may hold the network's state dict: ours, MMSelfSup's and the authors'; VISSL's;
# PyContrast's; the authors' on CIFAR-10
NETWORKS = (
    ('state_dict',),
    ('classy_state_dict', 'base_model', 'model', 'trunk'),
    ('model',),
    ('net',),
)
PREFIXES = ('backbone.', 'encoder.', '_feature_blocks.')  # ours, PyContrast's, VISSL's
OTHER_PARTS = (
    'neck.', 'head.', 'heads.', 'head_jig.', 'memory_bank.', 'data_preprocessor.',
    'fc.', 'linear.', 'classifier.',  # behind a bare network: torchvision's and the authors'
)  # fmt: skip
SHOWN = 5  # keys in a message, at most
WIDE = 100  # of a key in a message, in characters


def backbone_weights(path: str | Path) -> dict[str, Tensor]:
    """Weights of the backbone in a checkpoint, under the backbone's own names.

    Reads checkpoints of this package, of MMSelfSup 0.x and 1.x, of the authors' code, VISSL and
    PyContrast, and bare networks such as torchvision's.

    Args:
        path (str | Path): A file or an address, see :func:`checkpoint_content`.

    Raises:
        FileNotFoundError: There is no such file.
        DownloadError: It cannot be fetched.
        ValueError: The file is no checkpoint of PyTorch, or holds no backbone.
    """
    content = checkpoint_content(path)
    weights = pick_backbone(network_state(content))
    if not weights:
        raise ValueError(no_backbone(path, content))
    return weights


def no_backbone(path: str | Path, content) -> str:
    """That a checkpoint with this content holds no backbone."""
    keys = list(network_state(content)) or (
        [] if isinstance(content, Mapping) else [type(content).__name__]
    )
    return (
        f'{path} holds no backbone, only {listed(keys) or "nothing"}: give the checkpoint of a '
        'pretraining (keys such as backbone.conv1.weight), or one of a bare backbone'
    )


def checkpoint_content(path: str | Path):
    """What a checkpoint holds, see :func:`load_tensors`.

    Args:
        path (str | Path): A file; or an http or https address, which is fetched once and checked,
            see :func:`~npid_mm.utils.download.download`; or one that MMEngine has a storage
            backend for.

    Raises:
        FileNotFoundError: There is no such file.
        DownloadError: It cannot be fetched.
        ValueError: The file is no checkpoint of PyTorch.
    """
    if str(path).startswith(('http://', 'https://')):
        return load_tensors(download(str(path)))
    if '://' in str(path):
        with get_local_path(str(path)) as local:
            return load_tensors(local)
    local = Path(path).expanduser()
    if not local.is_file():
        raise FileNotFoundError(f'checkpoint not found: {path}')
    return load_tensors(local)


def network_state(content) -> Mapping[str, object]:
    """The state dict of the network in a checkpoint's content; the content itself if bare.

    Raises:
        ValueError: A name in it is not a string.
    """
    for keys in NETWORKS:
        inner = content
        for key in keys:
            inner = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(inner, (Mapping, StubObject)):
            break
    else:
        inner = content
    if isinstance(inner, StubObject):  # a pickled network
        return flat_values(inner)
    state = inner if isinstance(inner, Mapping) else {}
    for name in state:
        if not isinstance(name, str):
            raise ValueError(
                f'the names of weights must be strings, got {brief(name)} among them: this is not '
                'the state dict of a network'
            )
    return state


def pick_backbone(state: Mapping) -> dict[str, Tensor]:
    """The backbone's part of a state dict, without prefixes; empty if it has none."""
    return {name: state[key].detach() for name, key in backbone_keys(state).items()}


def backbone_keys(state: Mapping) -> dict[str, str]:
    """Name of each weight of the backbone -> its key in a state dict."""
    keys = {
        key.removeprefix('module.'): key
        for key, value in state.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }
    for prefix in PREFIXES:
        own = {name: key for name, key in keys.items() if name.startswith(prefix)}
        if own:
            return {name.removeprefix(prefix): key for name, key in own.items()}
    return {
        common_name(name): key for name, key in keys.items() if not name.startswith(OTHER_PARTS)
    }


def common_name(name: str) -> str:
    """The name of a ResNet's weight in torchvision and here; the authors' CIFAR-10 net differs."""
    return re.sub(r'^(layer\d+\.\d+\.)shortcut\.', r'\1downsample.', name)


def listed(names: list[str]) -> str:
    """The first names, none of them over the width of a screen, and that there are more."""
    shown = [name if len(name) <= WIDE else f'{name[:WIDE]}...' for name in map(str, names[:SHOWN])]
    return ', '.join(shown) + (', ...' if len(names) > SHOWN else '')


def load_npid_checkpoint(path: str | Path) -> tuple[MutableMapping, MutableMapping]:
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
