"""Checkpoints as they are handed on."""

import datetime
import hashlib
import os
from pathlib import Path

from npid_mm.checkpoints.convert.state import IMAGES
from npid_mm.utils.atomic_io import write_atomic

from .network import load_npid_checkpoint
from .tree import drop_objects, file_bytes

# what only a training continues with; the names of its images may be private
OF_TRAINING = ('optimizer', 'param_schedulers', 'message_hub', 'ema_state_dict', IMAGES)
OF_BANK = 'memory_bank.'
DIGITS = 8  # of the hash, in the name


def publish(checkpoint: str | Path, name: str | Path, bank: bool = True) -> tuple[Path, list[str]]:
    """Write the model of a checkpoint as ``NAME_YYYYMMDD-HASH.pth``, whole or not at all.

    HASH is the beginning of the file's SHA-256, by which ``torch.hub`` and ``mim`` check a
    download. The same model published twice on a day is one file.

    Args:
        checkpoint (str | Path): A file or an address.
        name (str | Path): Beginning of the file's path.
        bank (bool): Whether to keep the memory bank, the larger part of a ResNet-50's file.

    Returns:
        tuple[Path, list[str]]: The file, and the keys of what it does not have.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        ValueError: ``name`` is a folder, or the checkpoint holds no model below 'state_dict', one
            with an object of other code in it, or itself.
        FileExistsError: A file of this name is there, with other content.
    """
    if str(name).endswith(('/', os.sep)) or Path(name).is_dir():
        raise ValueError(f"NAME must be the beginning of a file's path, got the folder {name}")
    content, state = load_npid_checkpoint(checkpoint)
    left = [key for key in OF_TRAINING if content.pop(key, None) is not None]
    if not bank:
        rows = [key for key in state if key.startswith(OF_BANK)]
        left += [f'state_dict.{key}' for key in rows]
        for key in rows:
            del state[key]
    left += drop_objects(content)
    data = file_bytes(content)
    digits = hashlib.sha256(data).hexdigest()[:DIGITS]
    day = datetime.date.today().strftime('%Y%m%d')
    path = Path(f'{str(name).removesuffix(".pth")}_{day}-{digits}.pth')
    if not path.exists():
        write_atomic(path, data)
    elif path.read_bytes() != data:
        raise FileExistsError(f'{path} is there and has other content: it is damaged, remove it')
    return path, left
