"""Read a config file; every error names the file."""

from pathlib import Path

from mmengine.config import Config

SUFFIXES = ('.py', '.json', '.yaml', '.yml')


def config_from_file(path: str | Path) -> Config:
    """Read a config file, which is code and may raise anything.

    Args:
        path (str | Path): A file.

    Raises:
        ImportError: If a package that the config inherits from or imports is missing.
        ValueError: If the file has another ending, cannot be parsed, or fails when it is run.
    """
    if Path(path).suffix not in SUFFIXES:
        raise ValueError(f'a config must end in {", ".join(SUFFIXES)}, got {path}')
    try:
        return Config.fromfile(path)
    except ImportError:
        raise
    except Exception as error:
        reason = f'{type(error).__name__}: {error}' if str(error) else type(error).__name__
        raise ValueError(f'config {path} cannot be read: {reason}') from error
