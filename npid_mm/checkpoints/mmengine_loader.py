"""MMEngine's loading of checkpoints, by the reader that brings nothing but tensors to life."""

from collections.abc import Mapping, MutableMapping

from mmengine.runner import CheckpointLoader

from .backbone import checkpoint_content, network_state
from .objects import drop_objects

# where a user's checkpoint may lie, as the patterns that MMEngine has loaders for: on the disk, on
# a server, in a storage. Names of published models (torchvision://, say) stay with MMEngine
PLACES = ('', 'http://', 'https://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://')
NOTES = ('meta', 'message_hub')  # parts that a run goes on without, and writes again


def register_loader() -> None:
    """Let MMEngine read the checkpoints of users with :func:`load_from_npid_mm`.

    Its own loader falls back to ``torch.load(..., weights_only=False)`` where a file has an object
    beside the weights, and then runs whatever the file says.
    """
    CheckpointLoader.register_scheme(PLACES, load_from_npid_mm, force=True)


def load_from_npid_mm(filename: str, map_location: str | None = None) -> Mapping:
    """A checkpoint of any code base, with the state dict of its network below ``state_dict``.

    Args:
        filename (str): A file or an address, see
            :func:`~npid_mm.checkpoints.backbone.checkpoint_content`.
        map_location (str, optional): Any device; the content comes on the CPU, and a model or an
            optimizer that loads it takes it to its own device.

    Returns:
        Mapping: The content, or the bare state dict if the file holds nothing else.

    Raises:
        FileNotFoundError: There is no such file.
        DownloadError: It cannot be fetched.
        ValueError: The file is no checkpoint of PyTorch, or a damaged one, or holds no network.
    """
    content = checkpoint_content(filename)
    state = network_state(content)
    if not state:
        raise ValueError(f'{filename} holds no network: give a checkpoint with a state dict')
    if state is content:
        return content
    if not isinstance(content, Mapping):  # a pickled network
        return dict(state_dict=state)
    for name in NOTES:
        if isinstance(content.get(name), MutableMapping):
            drop_objects(content[name])
    return {**content, 'state_dict': state}
