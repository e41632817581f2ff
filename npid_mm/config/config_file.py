"""Read a config file, and name it where it cannot be read."""

from pathlib import Path

from mmengine.config import Config

SUFFIXES = ('.py', '.json', '.yaml', '.yml')


def config_from_file(path: str | Path) -> Config:
    """Read a config file; a config is code, and any error of it is told with its file.

    Args:
        path (str | Path): A file.

    Raises:
        ImportError: A package that the config inherits from or imports is missing.
        ValueError: The file is of another kind, cannot be parsed, or fails as it is run.
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
