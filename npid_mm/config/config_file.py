"""Read and format configs faster than MMEngine does, and name the file in every error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import Config
from mmengine.config import config as mmengine_config

SUFFIXES = ('.py', '.json', '.yaml', '.yml')
LOOKUP = '_get_external_cfg_path'  # MMEngine's function that finds `_base_ = 'package::...'`


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
        with fast_lookup():
            return Config.fromfile(path)
    except ImportError:
        raise
    except Exception as error:
        reason = f'{type(error).__name__}: {error}' if str(error) else type(error).__name__
        raise ValueError(f'config {path} cannot be read: {reason}') from error


@contextmanager
def fast_lookup() -> Iterator[None]:
    """Make MMEngine look for ``_base_ = 'mmpretrain::...'`` among the files of the package first.

    MMEngine itself first parses all metafiles of the package, which takes most of the reading time.
    """
    original = getattr(mmengine_config, LOOKUP, None)
    if original is None:  # another version of MMEngine
        yield
        return

    def lookup(package: str, name: str) -> str:
        path = Path(package, '.mim', 'configs', name)
        return str(path) if path.is_file() else original(package, name)

    setattr(mmengine_config, LOOKUP, lookup)
    try:
        yield
    finally:
        setattr(mmengine_config, LOOKUP, original)


def format_once() -> None:
    """Let MMEngine format the text of a config once, for the rest of the process.

    A Runner asks for it five times when it starts and again for each checkpoint, and formatting
    takes a third of a second.
    """
    from yapf.yapflib import yapf_api

    if not isinstance(yapf_api.FormatCode, _FormatOnce):
        yapf_api.FormatCode = _FormatOnce(yapf_api.FormatCode)


class _FormatOnce:
    """A function of yapf that keeps its last result."""

    def __init__(self, function: Callable):
        self._function = function
        self._call: object = None
        self._result: object = None

    def __call__(self, text: str, **options: object) -> object:
        call = text, options
        if self._call != call:
            self._result, self._call = self._function(text, **options), call
        return self._result
