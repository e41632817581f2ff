"""Configs of this project, each parsed once in a process."""

import copy
from functools import cache
from pathlib import Path

from mmengine.config import Config

parsed = cache(Config.fromfile)


def shipped_config(path: Path) -> Config:
    """Return a copy of a config of this project, which a test may change."""
    return copy.deepcopy(parsed(path))
