"""Check that files named by the user exist."""

from pathlib import Path

SAFETENSORS = '.safetensors'


def existing_file(path: str, what: str) -> str:
    """Return ``path`` if it is an existing file, or a URL such as ``s3://...``.

    Args:
        path (str): A path, in which ``~`` is the home folder, or a URL.
        what (str): Name of the file in the message.

    Raises:
        FileNotFoundError: If there is nothing at ``path``, or a pipe or a device.
        ValueError: If it is a folder.
    """
    local = Path(path).expanduser()
    if '://' not in path and not local.is_file():
        if local.is_dir():
            raise ValueError(f'{what} must be a file, got the folder {path}')
        if local.exists():
            raise FileNotFoundError(f'{what} must be a file, not a pipe or a device: {path}')
        raise FileNotFoundError(f'{what} not found: {path} (looked from {Path.cwd().name}/)')
    return path


def existing_checkpoint(path: str) -> str:
    """Return ``path`` if it is a URL, or a file that begins as a checkpoint does.

    Raises:
        FileNotFoundError: If there is nothing at ``path``, or a pipe or a device.
        ValueError: If it is a folder, or a file of another kind.
    """
    if '://' in existing_file(path, 'checkpoint') or Path(path).suffix == SAFETENSORS:
        return path
    with open(Path(path).expanduser(), 'rb') as file:
        start = file.read(16)
    if not start.startswith((b'PK', b'\x80')):  # a zip file, or pickles before torch 1.6
        what = f'it begins with {start!r}' if start else 'it is empty'
        raise ValueError(f'checkpoint {path} is not a file that torch.save wrote: {what}')
    return path
