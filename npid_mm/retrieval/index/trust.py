"""Sign the indexes that this user makes on this machine."""

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from .regular_files import open_regular

KEY_BYTES = 32


def key_file() -> Path:
    """Path of the key that signs the indexes of this user.

    Raises:
        OSError: If the user has no home folder.
    """
    try:
        base = Path(os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config')
    except RuntimeError as error:
        raise OSError(f'no place for the key of indexes: {error}') from error
    return base / 'npid_mm' / 'index.key'


def sign(text: bytes) -> str:
    """Compute the HMAC-SHA256 of a text with the key of this user, in hexadecimal.

    The first call creates the key, which only its owner can read.

    Raises:
        OSError: If the key cannot be created, or others can read it.
    """
    return _hmac(_key() or _create_key(), text)


def is_signed(text: bytes, signature: str) -> bool:
    """Return true if :func:`sign` made this signature of a text with the key of this user."""
    try:
        key = _key()
    except OSError:
        return False
    return key is not None and hmac.compare_digest(_hmac(key, text).encode(), signature.encode())


def _hmac(key: bytes, text: bytes) -> str:
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _key() -> bytes | None:
    """The key, or None if there is none yet.

    Raises:
        PermissionError: If others can read or change it, or it is damaged.
    """
    path = key_file()
    try:
        with open_regular(path) as file:
            about, key = os.fstat(file.fileno()), file.read(KEY_BYTES + 1)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PermissionError(str(error)) from error
    open_to_others = about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077
    if open_to_others or len(key) != KEY_BYTES:
        raise PermissionError(
            f'{path} must have {KEY_BYTES} bytes and be readable by its owner alone: chmod 600 it, '
            'or remove it, and the next index makes another one'
        )
    return key


def _create_key() -> bytes:
    """Create the key, or return the one that another process has created meanwhile."""
    path = key_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f'{path.name}.{secrets.token_hex(8)}')
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink()
    if (key := _key()) is None:
        raise FileNotFoundError(f'{path} was removed while it was being created')
    return key
