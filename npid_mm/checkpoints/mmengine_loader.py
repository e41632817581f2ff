"""Let MMEngine load checkpoints with the reader that builds only tensors and plain values."""

from collections.abc import Mapping, MutableMapping

from mmengine.runner import CheckpointLoader

from .limits import brief, check_plain_tree
from .network import checkpoint_content, network_state
from .tree import drop_objects

# where a user's checkpoint may lie, as the patterns that MMEngine has loaders for: on the disk, on
# a server, in a storage. Names of published models (torchvision://, say) stay with MMEngine
PLACES = ('', 'http://', 'https://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://')
NETWORK = 'state_dict'
META, HUB = 'meta', 'message_hub'  # parts that a run continues without, and writes again
# numbers of the meta that a run continues from, and what they must be below
NUMBERS = {'epoch': 2**53, 'iter': 2**53, 'seed': 2**32}
# MMEngine parses it as a config when it resumes, and a config is Python code
CONFIG = 'config'
RESUMED = 'resumed_keys'
HUB_PARTS = ('log_scalars', 'runtime_info', RESUMED)


def register_loader() -> None:
    """Let MMEngine read checkpoints with :func:`load_from_npid_mm`, in the whole process.

    Its own loader falls back to ``torch.load(..., weights_only=False)`` where a file has an object
    beside the weights, and then runs whatever the file says. ``import npid_mm`` does not call this,
    as it would change what other packages load; :func:`~npid_mm.engine.launch.build_runner` does. A
    script that calls ``mmpretrain.get_model(name, pretrained=FILE)`` or ``FeatureExtractor`` with a
    file of somebody else calls this first.
    """
    CheckpointLoader.register_scheme(PLACES, load_from_npid_mm, force=True)


def load_from_npid_mm(filename: str, map_location: str | None = None) -> Mapping:
    """Load a checkpoint of any code base, with the state dict of its network below ``state_dict``.

    Of the notes of a run, what MMEngine would execute or trip over stays out: the text of a config,
    which it parses as Python when it resumes, objects, and names that are not strings.

    Args:
        filename (str): A file or an address, see
            :func:`~npid_mm.checkpoints.network.checkpoint_content`.
        map_location (str, optional): Any device; the content comes on the CPU, and a model or an
            optimizer that loads it takes it to its own device.

    Returns:
        Mapping: The content, or the bare state dict if the file holds nothing else.

    Raises:
        FileNotFoundError: There is no such file.
        DownloadError: It cannot be fetched.
        ValueError: The file is not a checkpoint of PyTorch, is damaged, holds no network, or has
            an epoch, iteration or seed that is not one.
    """
    content = checkpoint_content(filename)
    try:
        cleaned = _cleaned(content)
    except ValueError as error:
        raise ValueError(f'cannot load {filename}: {error}') from error
    if not cleaned:
        raise ValueError(f'{filename} holds no network: give a checkpoint with a state dict')
    return cleaned


def _cleaned(content) -> Mapping:
    """Content of which MMEngine and torch may take every part as it is; empty without a network."""
    state = network_state(content)
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
    # both copy and convert nested containers without looking for shared ones
    check_plain_tree(parts)
    return parts


def _clean_meta(meta: Mapping) -> dict:
    """The notes of a run without the text of a config, which must not be parsed."""
    for name, limit in NUMBERS.items():
        value = meta.get(name)
        if value is not None and (type(value) is not int or not 0 <= value < limit):
            raise ValueError(
                f"its meta['{name}'] must be an integer from 0 to {limit - 1}, got "
                f'{brief(value)}: it was not saved by a training'
            )
    return {name: value for name, value in meta.items() if name != CONFIG}


def _clean_hub(hub: Mapping) -> dict:
    """A message hub whose parts have names that are strings."""
    clean = {
        part: {name: value for name, value in hub[part].items() if isinstance(name, str)}
        for part in HUB_PARTS
        if isinstance(hub.get(part), Mapping)
    }
    if RESUMED in clean:  # MMEngine saves no other than True, and asserts that it stays so
        clean[RESUMED] = dict.fromkeys(clean[RESUMED], True)
    return clean
