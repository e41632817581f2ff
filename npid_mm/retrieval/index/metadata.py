"""Read and write ``index.json``: checked on reading, with a checksum and a signature."""

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.paths import check_path

from .regular_files import read_regular
from .trust import is_signed, sign

META, LISTS, LOCK = 'index.json', 'approximate.faiss', 'writing.lock'
ENCODER, PREPROCESSING = 'encoder.onnx', 'preprocessing.json'
FORMAT = 3  # changed when older versions cannot read an index, or this one cannot read theirs
OLD_FORMAT = 2  # rows.bin in place of rows.npy, which this version also reads and extends
DTYPES = ('float16', 'float32')
OLD_DTYPES = (*DTYPES, 'bfloat16')
MAX_BYTES = 16 << 20  # size of index.json, which takes up to 25 times as much memory when parsed
MAX_DIM = 1 << 14
MAX_ENTRIES = 1024  # per block
MAX_PACKED = 4 << 20  # bytes of a block of entries before compression: 4 KB per path
DIGITS = 16  # hex digits kept of a block's sha256


def digest(content: bytes | memoryview) -> str:
    """First digits of the sha256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def read_metadata(folder: Path) -> tuple[dict, bool]:
    """Read and check the metadata of an index.

    Args:
        folder (Path): The index.

    Returns:
        tuple[dict, bool]: The metadata, and true if this user signed it on this machine.

    Raises:
        FileNotFoundError: If the folder has no index.
        ValueError: If it has another format, is damaged, or its path is not UTF-8.
    """
    check_path(folder, 'the index')
    path = folder / META
    try:
        content = read_regular(path, MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'no index at {folder}: make one with '
            'npid index CONFIG CHECKPOINT --images FOLDER --out INDEX'
        ) from error
    try:
        meta = json.loads(content, parse_constant=_refuse_constant)
        if not isinstance(meta, dict):
            raise ValueError(f'it must hold an object, got {type(meta).__name__}')
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path} is damaged: {error}') from error
    if meta.get('format') not in (OLD_FORMAT, FORMAT):
        raise ValueError(
            f'{folder} must be an index of format {OLD_FORMAT} or {FORMAT}, got '
            f'{preview(meta.get("format"))}: make it again with this version (npid index, another '
            '--out). Earlier formats keep their config as Python code, which this version does not '
            'run'
        )
    checksum, signature = meta.pop('checksum', None), meta.pop('signature', None)
    text = _canonical(meta)
    if checksum != hashlib.sha256(text).hexdigest():
        raise ValueError(f'{path} is damaged: its checksum is not that of its content')
    for name, allowed in FIELDS.items():
        if not allowed(meta.get(name)):
            raise ValueError(f'{path} is damaged: it has {name} {preview(meta.get(name))}')
    return meta, isinstance(signature, str) and is_signed(text, signature)


def write_metadata(folder: Path, meta: dict) -> bool:
    """Write the metadata of an index atomically, signed by this user.

    Returns:
        bool: True if it is signed. If a key cannot be stored, it is not, with a warning.

    Raises:
        ValueError: If it is too large for :func:`read_metadata`.
    """
    text = _canonical(meta)
    try:
        signature = sign(text)
    except OSError as error:
        warnings.warn(
            f'{folder} is not signed, so that using it needs --trust: {error}', stacklevel=2
        )
        signature = ''
    content = json.dumps(
        {**meta, 'checksum': hashlib.sha256(text).hexdigest(), 'signature': signature}
    )
    if len(content) > MAX_BYTES:
        raise ValueError(f'{folder / META} must have at most {MAX_BYTES:,} bytes: start another')
    write_atomic(folder / META, content)
    return bool(signature)


def preview(value: object) -> str:
    """A value as JSON, cut to 80 characters."""
    text = json.dumps(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


def _canonical(meta: dict) -> bytes:
    return json.dumps(meta, sort_keys=True).encode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f'numbers must be finite, got {name}')


def _number(least: int, most: int) -> Callable:
    return lambda value: type(value) is int and least <= value <= most


def _text(value: Any) -> bool:
    return isinstance(value, str) and '\0' not in value


def _block(value: Any) -> bool:
    return (
        isinstance(value, list)
        and [type(each) for each in value] == [int, int, str, str]
        and 1 <= value[0] <= MAX_ENTRIES
        and 1 <= value[1] <= MAX_PACKED
    )


def _list_of(allowed: Callable) -> Callable:
    return lambda value: isinstance(value, list) and all(map(allowed, value))


def _size(value: Any) -> bool:
    return _list_of(_number(1, MAX_DIM))(value) and len(value) == 2


def _lists(value: Any) -> bool:
    """Check the description of the lists of approximate search; None if there are none."""
    if value is None:
        return True
    counts = ('rows', 'lists', 'probes', 'k', 'queries')
    return (
        isinstance(value, dict)
        and value.keys() == {*counts, 'recall', 'sha256'}
        and all(_number(1, 1 << 40)(value[name]) for name in counts)
        and value['probes'] <= value['lists']
        and type(value['recall']) in (int, float)
        and 0 <= value['recall'] <= 1
        and _text(value['sha256'])
    )


def _encoder(value: Any) -> bool:
    """Check the sha256 of the encoder's files, which are None without an encoder."""
    return value is None or (
        isinstance(value, dict)
        and value.keys() == {ENCODER, PREPROCESSING}
        and all(map(_text, value.values()))
    )


# check of each field; a block is [entries, compressed bytes, digest of rows, digest of entries]
FIELDS = {
    'npid_mm': _text,
    'network': _text,
    'feature': _text,
    'preprocessing': lambda value: isinstance(value, dict),
    'config': lambda value: isinstance(value, dict),
    'checkpoint': _text,
    'size': _size,
    'dtype': lambda value: isinstance(value, str) and value in OLD_DTYPES,
    'dim': _number(1, MAX_DIM),
    'classes': _list_of(_text),
    'blocks': _list_of(_block),
    'approximate': _lists,
    'encoder': _encoder,
}
