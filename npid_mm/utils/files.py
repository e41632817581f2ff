"""Check that the files which a user names are there."""

from pathlib import Path

SAFETENSORS = '.safetensors'


def existing_file(path: str, what: str) -> str:
    """Return ``path`` if it is a file or an address, or raise FileNotFoundError.

    Args:
        path (str): A path, or an address such as ``https://...`` or ``s3://...``.
        what (str): What the message calls it.
    """
    if '://' not in path and not Path(path).is_file():
        if Path(path).is_dir():
            raise ValueError(f'{what} must be a file, got the folder {path}')
        raise FileNotFoundError(f'{what} not found: {path} (looked from {Path.cwd().name}/)')
    return path


def existing_checkpoint(path: str) -> str:
    """Return ``path`` if it is an address, or a file that begins as a checkpoint does.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a folder, or a file of another kind.
    """
    if '://' in existing_file(path, 'checkpoint') or Path(path).suffix == SAFETENSORS:
        return path
    with open(path, 'rb') as file:
        start = file.read(16)
    if not start.startswith((b'PK', b'\x80')):  # a zip file, or pickles before torch 1.6
        what = f'it begins with {start!r}' if start else 'it is empty'
        raise ValueError(f'checkpoint {path} is not a file that torch.save wrote: {what}')
    return path
