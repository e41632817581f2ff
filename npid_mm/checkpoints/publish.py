"""Publish a checkpoint without its training state, under a name with its hash."""

import datetime
import hashlib
import os
from pathlib import Path

from npid_mm.checkpoints.convert.npid_state import FOLDER, IMAGES, OWN_PROBABILITY
from npid_mm.utils.atomic_io import write_atomic

from .network import load_npid_checkpoint
from .tree import drop_objects, file_bytes

# needed only to resume a training; the names of its images may be private
TRAINING_STATE = (
    'optimizer',
    'param_schedulers',
    'message_hub',
    'ema_state_dict',
    IMAGES,
    FOLDER,
    OWN_PROBABILITY,
)
BANK_PREFIX = 'memory_bank.'
DIGITS = 8  # hash digits in the name


def publish(checkpoint: str | Path, name: str | Path, bank: bool = True) -> tuple[Path, list[str]]:
    """Write the model of a checkpoint atomically as ``NAME_YYYYMMDD-HASH.pth``.

    HASH is the beginning of the file's SHA-256, by which ``torch.hub`` and ``mim`` check a
    download. The same model published twice on a day is one file.

    Args:
        checkpoint (str | Path): A file or a URL.
        name (str | Path): Beginning of the file's path.
        bank (bool): Whether to keep the memory bank, the larger part of a ResNet-50's file.

    Returns:
        tuple[Path, list[str]]: The file, and the keys that were left out.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If ``name`` is a folder, or the checkpoint has no 'state_dict', has an object of
            other code in it, or contains itself.
        FileExistsError: If a file of this name exists with different content.
    """
    if str(name).endswith(('/', os.sep)) or Path(name).is_dir():
        raise ValueError(f"NAME must be the beginning of a file's path, got the folder {name}")
    content, state = load_npid_checkpoint(checkpoint)
    left_out = [key for key in TRAINING_STATE if content.pop(key, None) is not None]
    if not bank:
        rows = [key for key in state if key.startswith(BANK_PREFIX)]
        left_out += [f'state_dict.{key}' for key in rows]
        for key in rows:
            del state[key]
    left_out += drop_objects(content)
    data = file_bytes(content)
    digits = hashlib.sha256(data).hexdigest()[:DIGITS]
    day = datetime.date.today().strftime('%Y%m%d')
    path = Path(f'{str(name).removesuffix(".pth")}_{day}-{digits}.pth')
    if not path.exists():
        write_atomic(path, data)
    elif path.read_bytes() != data:
        raise FileExistsError(f'{path} exists with different content, so it is damaged: remove it')
    return path, left_out
