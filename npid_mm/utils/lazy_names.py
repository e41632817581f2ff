"""Import the public names of a package when they are used."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for a package.

    Args:
        package (str): ``__name__`` of the package.
        modules (Mapping[str, str]): Name -> module of the package that defines it. A module must
            not have the name itself: its import would set the attribute to the module.
    """

    def __getattr__(name: str) -> Any:
        if name in modules:
            return getattr(importlib.import_module(f'{package}.{modules[name]}'), name)
        raise AttributeError(f'module {package!r} has no attribute {name!r}')

    return __getattr__
