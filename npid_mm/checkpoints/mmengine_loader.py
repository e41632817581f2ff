"""Let MMEngine load checkpoints with the reader that builds only tensors and plain values."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from mmengine.runner import CheckpointLoader

from npid_mm.utils.text import describe

from .limits import check_plain_tree
from .network import checkpoint_content, network_state
from .tree import drop_objects

# patterns of MMEngine's loaders for local files, servers and storages; names of published models
# (e.g. torchvision://) stay with MMEngine
PLACES = ('', 'http://', 'https://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://')
NETWORK = 'state_dict'
META, HUB = 'meta', 'message_hub'  # parts that a resumed run can do without, and saves again
# numbers of the meta that a run resumes from, and their exclusive upper limits
NUMBERS = {'epoch': 2**53, 'iter': 2**53, 'seed': 2**32}
CONFIG = 'config'  # MMEngine parses it as Python code when it resumes
RESUMED = 'resumed_keys'
HUB_PARTS = ('log_scalars', 'runtime_info', RESUMED)


def register_loader() -> None:
    """Let MMEngine read checkpoints with :func:`load_from_npid_mm`, in the whole process.

    Its own loader falls back to ``torch.load(..., weights_only=False)`` for a file with an object
    beside the weights, which executes code in the file. ``import npid_mm`` does not call this, as
    it would change what other packages load; :func:`~npid_mm.engine.launch.build_runner` does. Call
    this before ``mmpretrain.get_model(name, pretrained=FILE)`` or ``FeatureExtractor`` with an
    untrusted file.
    """
    CheckpointLoader.register_scheme(PLACES, load_from_npid_mm, force=True)


def load_from_npid_mm(filename: str, map_location: object = None) -> Mapping:
    """Load a checkpoint of any code base, with the state dict of its network in ``state_dict``.

    The parts of a run that MMEngine would execute or fail on are left out: the text of a config,
    objects, and names that are not strings.

    Args:
        filename (str): A file or a URL, see
            :func:`~npid_mm.checkpoints.network.checkpoint_content`.
        map_location (object): Ignored. The tensors are on the CPU; a model or an optimizer that
            loads them copies them to its own device.

    Returns:
        Mapping: The content, or the bare state dict if the file holds nothing else.

    Raises:
        FileNotFoundError: If the file does not exist.
        DownloadError: If it cannot be downloaded.
        ValueError: If the file is damaged, is not a checkpoint of PyTorch, holds no network, or has
            an epoch, iteration or seed that is not a valid number.
    """
    content = checkpoint_content(filename)
    try:
        cleaned = _clean(content)
    except ValueError as error:
        raise ValueError(f'cannot load {filename}: {error}') from error
    if not cleaned:
        raise ValueError(f'{filename} holds no network: give a checkpoint with a state dict')
    return cleaned


def _clean(content: Any) -> Mapping:
    """Return content that is safe to pass to MMEngine and torch; empty without a network."""
    state: Any = network_state(content)
    if state is content:  # a bare network has no other parts
        for name in (META, HUB, NETWORK):
            content.pop(name, None)
    if state is content or not state:
        return state
    if not isinstance(content, Mapping):  # a pickled network
        return {NETWORK: state}
    parts = {**content, NETWORK: state}
    for name, clean in ((META, _clean_meta), (HUB, _clean_hub)):
        part = parts.pop(name, None)
        if isinstance(part, MutableMapping):
            drop_objects(part)
            parts[name] = clean(part)
    # MMEngine and torch copy nested containers without looking for shared ones
    check_plain_tree(parts)
    return parts


def _clean_meta(meta: Mapping) -> dict:
    """Check the numbers of the meta, and leave out the text of a config."""
    for name, limit in NUMBERS.items():
        value = meta.get(name)
        if value is not None and (type(value) is not int or not 0 <= value < limit):
            raise ValueError(
                f"its meta['{name}'] must be an integer from 0 to {limit - 1}, got "
                f'{describe(value)}: it was not saved by a training'
            )
    return {name: value for name, value in meta.items() if name != CONFIG}


def _clean_hub(hub: Mapping) -> dict:
    """Leave out what a message hub cannot take: other parts, and names that are not strings."""
    clean = {
        part: {name: value for name, value in hub[part].items() if isinstance(name, str)}
        for part in HUB_PARTS
        if isinstance(hub.get(part), Mapping)
    }
    if RESUMED in clean:  # MMEngine saves only True, and asserts that it stays so
        clean[RESUMED] = dict.fromkeys(clean[RESUMED], True)
    return clean
