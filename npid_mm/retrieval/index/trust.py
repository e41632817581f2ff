"""Tell indexes that this user made on this machine from all others."""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from .regular_files import open_regular

KEY_BYTES = 32


def key_file() -> Path:
    """Path of the key that signs the indexes of this user.

    Raises:
        OSError: The user has no home folder.
    """
    try:
        base = Path(os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config')
    except RuntimeError as error:
        raise OSError(f'no place for the key of indexes: {error}') from error
    return base / 'npid_mm' / 'index.key'


def sign(text: bytes) -> str:
    """Signature of a text: HMAC-SHA256 in hexadecimal, with the key of this user.

    The key is made at the first call. Only its owner can read it.

    Raises:
        OSError: There is no key and none can be written, or others can read it.
    """
    return hmac.new(_key() or _new_key(), text, hashlib.sha256).hexdigest()


def signed(text: bytes, signature: str) -> bool:
    """Return whether :func:`sign` made a signature of this text, with the key of this user."""
    try:
        key = _key()
    except OSError:
        return False
    return key is not None and hmac.compare_digest(
        hmac.new(key, text, hashlib.sha256).hexdigest().encode(), signature.encode()
    )


def _key() -> bytes | None:
    """The key, or None if there is none yet.

    Raises:
        PermissionError: Others can read or change it, or it is damaged.
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


def _new_key() -> bytes:
    """Write a key, unless another process is first; returns the one that is there."""
    path = key_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f'{path.name}.{secrets.token_hex(8)}')
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass
    finally:
        unfinished.unlink()
    return _key()
