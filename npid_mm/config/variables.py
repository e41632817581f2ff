"""Set variables of a base config in the config that inherits it, or on the command line.

MMEngine evaluates a base file on its own: ``lr = 1e-3`` there sets ``optimizer=dict(lr=lr)`` of the
same file, and another ``lr`` in an inheriting config changes nothing else. Here such a variable
replaces those of the bases before they are evaluated.
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from npid_mm.extras import EXTRAS

from .config_file import config_from_file
from .tree import leaves

# top-level keys that a Runner, MMEngine's parser, MMPretrain and the hooks here read
CONFIG_KEYS = frozenset(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'} | {
    'custom_imports',
    'pretrained',
    'runner_type',
    'tta_model',
    'tta_pipeline',
}


@dataclass
class _Assigned:
    """A variable that a config file assigns at its top level."""

    file: int  # 0 for the config itself, then its bases
    name: str
    node: ast.expr

    def literal(self) -> Any:
        """Return the value, or None if the file computes it."""
        try:
            return ast.literal_eval(self.node)
        except (ValueError, TypeError):
            return None


def read_with_variables(path: str | Path, options: dict) -> Config:
    """Read a config, with variables of its bases replaced by those of inheriting configs.

    Args:
        path (str | Path): A config file.
        options (dict): Key -> value, as of ``--cfg-options``. Only those that name a variable are
            applied.

    Raises:
        ValueError: If a variable of ``options`` or of the config itself changes nothing.
    """
    cfg, assigned = _read(path, {})
    values: dict[str, Any] = {}
    before: dict[str, Any] = {}
    # other packages' configs reuse names of their bases without meaning these
    if cfg.get('default_scope') not in EXTRAS:
        values = _set_above(cfg, assigned)
        before = {name: value for name, value in _own(assigned).items() if name in values}
    given = {name: value for name, value in options.items() if is_variable(name, cfg)}
    before |= {name: cfg[name] for name in given}
    values |= given
    if not values:
        return cfg
    try:
        cfg = _read(path, values)[0]
    except Exception as error:  # expressions of a config file may raise anything
        raise ValueError(
            f'{Path(path).name} cannot be evaluated with {_listed(given or values)}: '
            f'{error.__cause__ or error}'
        ) from error
    idle = [
        _idle_text(cfg, name, values[name], '--cfg-options' if name in given else Path(path).name)
        for name, value in before.items()
        if value != values[name] and _same(cfg, _read(path, {**values, name: value})[0])
    ]
    if idle:
        raise ValueError('; '.join(idle))
    return cfg


def is_variable(name: str, cfg: Config) -> bool:
    """Return whether a top-level name of a config is a variable, without effect by itself."""
    return name in cfg and name not in CONFIG_KEYS


def _read(path: str | Path, values: dict) -> tuple[Config, list[_Assigned]]:
    """Read a config with ``values`` for the variables in all of its files.

    Returns:
        tuple: The config, and what its files assign.
    """
    with _replacing(values) as assigned:
        return config_from_file(path), assigned


@contextmanager
def _replacing(values: dict) -> Iterator[list[_Assigned]]:
    """Make MMEngine evaluate config files with other values of their variables."""
    original = Config._pre_substitute_base_vars
    assigned: list[_Assigned] = []
    files: list[str] = []

    def substitute(filename: str, temporary: str) -> dict:
        if filename.endswith('.py'):
            file = Path(filename)
            source = file.read_text(encoding='utf-8')
            found = [_Assigned(len(files), *each) for each in _assignments(source)]
            file.write_text(_replaced(source, found, values), encoding='utf-8')
            assigned.extend(found)
        files.append(filename)
        return original(filename, temporary)

    Config._pre_substitute_base_vars = staticmethod(substitute)
    try:
        yield assigned
    finally:
        Config._pre_substitute_base_vars = staticmethod(original)


def _assignments(source: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of each variable that a file assigns at its top level."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and not target.id.startswith('_'):
                yield target.id, node.value


def _replaced(source: str, assigned: list[_Assigned], values: dict) -> str:
    """Return a source with the values of some of its variables replaced."""
    content = source.encode()
    starts = [0]
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for each in reversed(assigned):
        if each.name in values:
            node = each.node  # its columns count bytes
            first = starts[node.lineno - 1] + node.col_offset
            last = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            content = content[:first] + repr(values[each.name]).encode() + content[last:]
    return content.decode()


def _set_above(cfg: Config, assigned: list[_Assigned]) -> dict:
    """Return the variables that several files of a config assign, with their final values."""
    names = {each.name for each in assigned if is_variable(each.name, cfg)}
    files = {name: {each.file for each in assigned if each.name == name} for name in names}
    return {
        name: cfg[name] for name, where in files.items() if len(where) > 1 and _is_plain(cfg[name])
    }


def _is_plain(value: Any) -> bool:
    """Return whether a value can be written into a file; dicts are merged instead."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(each, dict) or _is_plain(each) for each in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _own(assigned: list[_Assigned]) -> dict:
    """Return the variables of the config itself, with the values that they have in its bases."""
    own = {each.name for each in assigned if each.file == 0}
    values: dict[str, Any] = {}
    for each in assigned:
        if each.file and each.name in own and each.name not in values:
            values[each.name] = each.literal()
    return {name: value for name, value in values.items() if value is not None}


def _same(one: Config, other: Config) -> bool:
    """Return whether two configs agree in everything that takes effect."""
    return all(one.get(key) == other.get(key) for key in CONFIG_KEYS)


def _idle_text(cfg: Config, name: str, value: Any, where: str) -> str:
    built = {key: each for key, each in cfg.items() if key in CONFIG_KEYS}
    found = [key for key, _ in leaves(built) if key.endswith(f'.{name}')]
    keys = ' or '.join(found[:4]) or 'the key that takes its value'
    return (
        f'{_listed({name: value})} ({where}) changes nothing: {name} is a variable of the config, '
        f'and no setting that takes effect has its value; set {keys}'
    )


def _listed(values: dict) -> str:
    return ' '.join(f'{name}={value!r}' for name, value in values.items())
