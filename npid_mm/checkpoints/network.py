"""Find the state dict of a network, and its backbone, in a checkpoint of any code base."""

import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from pathlib import Path

from mmengine.fileio import get_local_path
from torch import Tensor

from npid_mm.utils.download import download
from npid_mm.utils.text import describe, preview

from .reader import load_tensors
from .stub_unpickler import StubObject
from .tree import dotted, flat_values, object_paths

# keys that lead to the network's state dict
NETWORKS = (
    ('state_dict',),  # this package, MMSelfSup, the authors' code
    ('classy_state_dict', 'base_model', 'model', 'trunk'),  # VISSL
    ('model',),  # PyContrast
    ('net',),  # the authors' code on CIFAR-10
    ('teacher',),  # DINO, iBOT
    ('student',),
)
# this package, MoCo v1 and v2, MoCo v3, PyContrast, VISSL
PREFIXES = ('backbone.', 'encoder_q.', 'base_encoder.', 'encoder.', '_feature_blocks.')
# in front of all names of a backbone that holds a network of another library
WRAPPERS = ('network.', 'timm_model.')
NECK = 'neck.'
COUNTER = 'num_batches_tracked'  # of batch norms; old checkpoints lack it, and it is not needed
OTHER_PARTS = (
    'neck.', 'head.', 'heads.', 'head_jig.', 'memory_bank.', 'data_preprocessor.',
    'fc.', 'linear.', 'classifier.',  # after a bare network: torchvision, the authors' code
)  # fmt: skip


def backbone_weights(path: str | Path, own: Collection[str] = ()) -> dict[str, Tensor]:
    """Read the weights of the backbone in a checkpoint, under the backbone's own names.

    Reads checkpoints of this package, of MMSelfSup 0.x and 1.x, of the authors' code, VISSL and
    PyContrast, of MoCo and DINO, and bare networks such as torchvision's and timm's.

    Args:
        path (str | Path): A file or a URL, see :func:`checkpoint_content`.
        own (Collection[str]): Names of the weights of the backbone, see :func:`backbone_keys`.

    Raises:
        FileNotFoundError: If the file does not exist.
        DownloadError: If it cannot be downloaded.
        ValueError: If the file is not a checkpoint of PyTorch, or holds no backbone.

    Example:
        >>> backbone_weights('checkpoint.pth')['conv1.weight'].shape  # doctest: +SKIP
    """
    content = checkpoint_content(path)
    weights = pick_backbone(network_state(content), own)
    if not weights:
        raise ValueError(no_backbone_message(path, content))
    return weights


def neck_weights(path: str | Path) -> dict[str, Tensor]:
    """Read the weights of the neck of a pretraining, under its own names; empty without one.

    Args:
        path (str | Path): See :func:`checkpoint_content`.
    """
    found = {
        key.removeprefix('module.'): value
        for key, value in network_state(checkpoint_content(path)).items()
        if isinstance(value, Tensor)
    }
    return {
        name.removeprefix(NECK): value.detach()
        for name, value in found.items()
        if name.startswith(NECK)
    }


def no_backbone_message(path: str | Path, content: object) -> str:
    """Return the message for a checkpoint whose content has no backbone."""
    keys = list(network_state(content)) or _top_keys(content)
    return (
        f'{path} holds no backbone, only {preview(keys) or "nothing"}: give the checkpoint of a '
        'pretraining (keys such as backbone.conv1.weight), or one of a bare backbone'
    )


def checkpoint_content(path: str | Path) -> object:
    """Read a checkpoint with :func:`load_tensors`.

    Args:
        path (str | Path): A file; an http or https URL, see
            :func:`~npid_mm.utils.download.download`; or a URL that MMEngine has a storage
            backend for.

    Raises:
        FileNotFoundError: If the file does not exist.
        DownloadError: If it cannot be downloaded.
        ValueError: If the file is not a checkpoint of PyTorch.
    """
    if str(path).startswith(('http://', 'https://')):
        return load_tensors(download(str(path)))
    if '://' in str(path):
        with get_local_path(str(path)) as local:
            return load_tensors(local)
    return load_tensors(path)


def network_state(content: object) -> Mapping[str, object]:
    """Return the state dict of the network in a checkpoint's content; the content itself if bare.

    Raises:
        ValueError: If a name in it is not a string.
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
                f'the names of weights must be strings, got {describe(name)} among them: this is '
                'not the state dict of a network'
            )
    return state


def pick_backbone(state: Mapping, own: Collection[str] = ()) -> dict[str, Tensor]:
    """Return the backbone's part of a state dict, under the backbone's own names.

    Args:
        state (Mapping): State dict of a network.
        own (Collection[str]): Names of the weights of the backbone, see :func:`backbone_keys`.

    Example:
        >>> state = {'backbone.conv1.weight': torch.zeros(1), 'neck.fc.bias': torch.zeros(1)}
        >>> list(pick_backbone(state))
        ['conv1.weight']
    """
    return {name: state[key].detach() for name, key in backbone_keys(state, own).items()}


def backbone_keys(state: Mapping, own: Collection[str] = ()) -> dict[str, str]:
    """Map the name of each weight of the backbone to its key in a state dict; empty without one.

    Args:
        state (Mapping): State dict of a network.
        own (Collection[str]): Names of the weights of the backbone to fill. They decide whether a
            last layer such as ``classifier.0`` belongs to it, and whether it is a network of
            another library in a :class:`~npid_mm.models.LibraryBackbone`.
    """
    keys = {
        key.removeprefix('module.'): key
        for key, value in state.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }
    wrapper = next((each for each in WRAPPERS if own and all(map(_starts(each), own))), '')
    bare = {name.removeprefix(wrapper) for name in own}
    found = {
        name: key
        for name, key in _without_prefix(keys, bare).items()
        if name in bare or not name.startswith(OTHER_PARTS)
    }
    if wrapper and not any(map(_starts(wrapper), found)):
        found = {f'{wrapper}{name}': key for name, key in found.items()}
    return found


def _without_prefix(keys: dict[str, str], bare: set[str]) -> dict[str, str]:
    """Remove the prefix of the backbone from the names; the names as they are without one."""
    needed = {name for name in bare if not name.endswith(COUNTER)}
    for prefix in PREFIXES if not needed or needed - keys.keys() else ():
        own = {name: key for name, key in keys.items() if name.startswith(prefix)}
        if own:
            return {name.removeprefix(prefix): key for name, key in own.items()}
    return {common_name(name): key for name, key in keys.items()}


def _starts(prefix: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefix)


def common_name(name: str) -> str:
    """Return torchvision's name of a ResNet's weight; the authors' CIFAR-10 network has others."""
    return re.sub(r'^(layer\d+\.\d+\.)shortcut\.', r'\1downsample.', name)


def load_npid_checkpoint(path: str | Path) -> tuple[MutableMapping, MutableMapping]:
    """Load a checkpoint written by, or converted to, npid_mm.

    Args:
        path (str | Path): A file or a URL.

    Returns:
        tuple[MutableMapping, MutableMapping]: The content, and the state dict in it.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not a checkpoint of PyTorch, has no 'state_dict', or has an
            object in it that is not a tensor or a plain value.
    """
    content = checkpoint_content(path)
    state = content.get('state_dict') if isinstance(content, MutableMapping) else None
    if not isinstance(content, MutableMapping) or not isinstance(state, MutableMapping):
        raise ValueError(
            f"{path} holds no 'state_dict', only {preview(_top_keys(content)) or 'nothing'}: "
            'give a checkpoint of npid_mm, or convert one with --to npid_mm'
        )
    network_state(content)  # checks the names
    objects = [f'state_dict.{dotted(at)}' for at in object_paths(state)]
    if objects:
        raise ValueError(
            f'the model of {path} must be of tensors and plain values, but {preview(objects)} is '
            'an object of other code: convert it with --to npid_mm'
        )
    return content, state


def _top_keys(content: object) -> list:
    return list(content) if isinstance(content, Mapping) else [type(content).__name__]
