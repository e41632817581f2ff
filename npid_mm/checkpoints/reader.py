"""Load untrusted checkpoints: only tensors and plain Python values are built."""

import io
import pickle
import struct
import sys
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn

import torch
from torch import Tensor

from npid_mm.extras import MissingExtraError, optional_module
from npid_mm.utils.input_files import SAFETENSORS, existing_file

from .builders import KEY_LENGTH
from .limits import check_extent
from .stub_unpickler import STEPS, TensorUnpickler

LEGACY_HEAD = (0x1950A86A20F9469CFC6C, 1001)  # first pickles of a file of torch < 1.6
CHUNK = 1 << 24  # bytes
WIDE = 300  # characters of a reason


def load_tensors(path: str | Path, values: bool = True) -> Any:
    """Read a checkpoint without executing anything in it, in bounded time and memory.

    Reads zip files, the format before torch 1.6, and files named ``.safetensors``. ``torch.load``
    is not used: with ``weights_only=True`` it refuses the pickled objects beside the weights of
    MMEngine, MMSelfSup and the authors' code, and without, it executes code in the file.

    Args:
        path (str | Path): A file.
        values (bool): Whether to read the values of tensors. If not, the tensors are on the device
            'meta', and only a small part of a large file is read.

    Returns:
        Any: The content on the CPU, with a
        :class:`~npid_mm.checkpoints.builders.StubObject` in place of each object.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not a checkpoint of PyTorch, is damaged, or exceeds a limit: 3
            million steps of the pickle, 100 nested containers, keys that are plain, and tensors not
            far larger than the file.
        MissingExtraError: If safetensors is needed and not installed.

    Example:
        >>> load_tensors('epoch_100.pth')['state_dict']['backbone.conv1.weight'].shape
        torch.Size([64, 3, 7, 7])
    """
    path = Path(existing_file(str(path), 'checkpoint')).expanduser()
    try:
        if path.suffix == SAFETENSORS:
            return _read_safetensors(path, values)
        with path.open('rb') as file:
            read = _read_zip if zipfile.is_zipfile(file) else _read_legacy
            content = read(file, values)
        check_extent(content, path.stat().st_size)
        return content
    except (OSError, MissingExtraError):
        raise
    except Exception as error:  # damaged pickles raise anything
        reason = f'{type(error).__name__} {error}'.splitlines()[0][:WIDE]
        # the traceback may reference a partially built tensor, and printing that crashes
        error.__traceback__ = None
        raise ValueError(f'cannot read {path} as a checkpoint of PyTorch: {reason}') from error


def _read_safetensors(path: Path, values: bool) -> dict[str, Tensor]:
    safetensors = optional_module('safetensors.torch', f'a file with the name {SAFETENSORS}')
    tensors = safetensors.load_file(path)
    return tensors if values else {name: value.to('meta') for name, value in tensors.items()}


def _read_zip(file: BinaryIO, values: bool) -> Any:
    """Read the format since torch 1.6: ``NAME/data.pkl`` and one entry per storage."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        folders = [name[: -len('data.pkl')] for name in names if name.endswith('/data.pkl')]
        if len(folders) != 1:
            raise pickle.UnpicklingError(f'{len(folders)} files data.pkl inside')
        (folder,) = folders
        order = f'{folder}byteorder'
        _check_order(order not in names or archive.read(_stored(archive, order)) == b'little')
        storages = Storages(file, values)

        def storage(dtype: torch.dtype, key: str, *_: object) -> Tensor:
            if key not in storages:
                entry = _stored(archive, f'{folder}data/{key}')
                with archive.open(entry) as source:
                    storages.fill(key, entry.file_size, source)
            return storages[key].view(dtype)

        pickled = archive.read(_stored(archive, f'{folder}data.pkl'))
        return TensorUnpickler(io.BytesIO(pickled), storage).load()


def _read_legacy(file: BinaryIO, values: bool) -> Any:
    """Read the format before torch 1.6: pickles, then the storages that the last one lists.

    The content is read twice, each time with half of the steps: first without values, for the sizes
    of the storages, and then with them. No tensor is built from a storage that is not filled.
    """

    def no_storage(*_: object) -> NoReturn:
        raise pickle.UnpicklingError('a storage in the head of the file')

    def head(steps: int = 1000) -> Any:
        return TensorUnpickler(file, no_storage, steps).load()

    file.seek(0)
    for expected in LEGACY_HEAD:
        found = head()
        if type(found) is not int or found != expected:
            raise pickle.UnpicklingError('it does not start as one')
    _check_order(head()['little_endian'] is True)
    storages, itemsize, start = Storages(file, values=False), {}, file.tell()

    def storage(dtype: torch.dtype, key: str, _: object, numel: int, view: Any = None) -> Tensor:
        if key not in storages:
            storages.fill(key, numel * dtype.itemsize)
            itemsize[key] = dtype.itemsize
        row = storages[key].view(dtype)
        if view is None:
            return row
        _, first, size = view
        return row.narrow(0, first, size)

    content = TensorUnpickler(file, storage, STEPS // 2).load()
    if not values:
        return content
    keys, sizes = head(STEPS // 4), {key: len(row) for key, row in storages.items()}
    # other keys may take forever to compare
    known = all(type(key) is str and len(key) <= KEY_LENGTH for key in keys)
    if not known or len(keys) != len(sizes) or set(keys) != sizes.keys():
        raise pickle.UnpicklingError('its storages are not those that its tensors need')
    storages = Storages(file, values=True)
    for key in keys:
        (numel,) = struct.unpack('<q', file.read(8))
        _check_size(numel * itemsize[key], sizes[key], exactly=True)
        storages.fill(key, sizes[key], file)
    file.seek(start)
    return TensorUnpickler(file, storage).load()


def _stored(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return an entry that is not compressed, as that could grow a thousandfold."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED:
        raise pickle.UnpicklingError(f'{name} is compressed, which torch.save never does')
    return entry


class Storages(dict[str, Tensor]):
    """Storages as rows of bytes, by their keys; together they are not larger than the file.

    Args:
        file (BinaryIO): The checkpoint.
        values (bool): Whether to allocate and fill them.
    """

    def __init__(self, file: BinaryIO, values: bool):
        super().__init__()
        self._left = Path(file.name).stat().st_size
        self._device = 'cpu' if values else 'meta'

    def fill(self, key: str, size: int, source: IO[bytes] | None = None) -> None:
        """Add a row of ``size`` bytes, read from ``source``.

        By the state of a tensor a pickle can ask torch to enlarge its storage, which would expose
        uninitialized memory. Torch refuses that for memory shared with NumPy.
        """
        _check_size(size, self._left)
        self._left -= size
        row = torch.empty(size, dtype=torch.uint8, device=self._device)
        for part in row.split(CHUNK) if row.is_cpu and size else ():
            assert source is not None
            data = source.read(len(part))
            _check_size(len(data), len(part), exactly=True)
            part.numpy()[:] = memoryview(data)
        if row.is_cpu:
            row.numpy()
        self[key] = row


def _check_size(size: int, limit: int, exactly: bool = False) -> None:
    if size != limit if exactly else not 0 <= size <= limit:
        raise pickle.UnpicklingError(f'it is cut off or damaged: a part of {size}, not {limit}')


def _check_order(little: bool) -> None:
    if not little or sys.byteorder != 'little':
        raise pickle.UnpicklingError('the order of the bytes in a number is not little-endian')
