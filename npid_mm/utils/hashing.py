"""SHA-256 of files and of network weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 1 << 20  # bytes


def file_sha256(file: str | Path | BinaryIO) -> str:
    """Compute the SHA-256 of a file, or of an open file from its position to its end.

    Returns:
        str: 64 hexadecimal digits.
    """
    if isinstance(file, (str, Path)):
        with open(file, 'rb') as opened:
            return file_sha256(opened)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def weights_digest(state: Mapping[str, Tensor], *settings: object) -> str:
    """Compute the SHA-256 of a state dict: names, dtypes, shapes and values, in any order.

    Args:
        state (Mapping[str, Tensor]): Tensors by their names.
        *settings (object): Anything else to hash, as JSON, or as ``str`` where JSON has no form.

    Returns:
        str: 64 hexadecimal digits.
    """
    import torch

    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    if settings:
        digest.update(json.dumps(settings, default=str).encode())
    return digest.hexdigest()
