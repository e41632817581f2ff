"""Configs of this project, each parsed once in a process."""

import copy
from functools import cache
from pathlib import Path

from mmengine.config import Config


@cache
def parsed(path: Path) -> Config:
    """Parse a config; a Runner would take a second or two to format it five times."""
    return Config.fromfile(path, format_python_code=False)


def shipped_config(path: Path) -> Config:
    """Return a copy of a config of this project, which a test may change."""
    return copy.deepcopy(parsed(path))
