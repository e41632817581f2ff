"""Read configs so that variables of a base config can be set where it is inherited.

MMEngine evaluates a base file by itself: ``lr = 1e-3`` there goes into ``optimizer=dict(lr=lr)`` of
the same file, and another ``lr`` in a config that inherits, or on the command line, changes nothing
else. Here a variable that is set above replaces those of the bases before they are evaluated.
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from npid_mm.extras import EXTRAS

from .config_file import config_from_file

# what a Runner, MMEngine's parser, MMPretrain and the hooks here take from the top level
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
    source: str
    node: ast.expr

    def literal(self):
        """The value, or None where the file computes it."""
        try:
            return ast.literal_eval(self.node)
        except (ValueError, TypeError):
            return None


def read_with_variables(path: str | Path, options: dict) -> Config:
    """Read a config, with variables of its bases replaced by those that are set above them.

    Args:
        path (str | Path): A config file.
        options (dict): Key -> value, as of ``--cfg-options``. Those that name a variable are
            applied; all others are left to the caller.

    Raises:
        ValueError: A variable of ``options`` or of the config itself changes nothing.
    """
    cfg, assigned = _read(path, {})
    values, before = {}, {}
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
    except Exception as error:  # whatever the expressions of a config file raise
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
    """Whether a top-level name of a config is a variable, which takes no effect by itself."""
    return name in cfg and name not in CONFIG_KEYS


def _read(path: str | Path, values: dict) -> tuple[Config, list[_Assigned]]:
    """The config with ``values`` for variables in all of its files, and what they assign."""
    with _replacing(values) as assigned:
        return config_from_file(path), assigned


@contextmanager
def _replacing(values: dict) -> Iterator[list[_Assigned]]:
    """Let MMEngine evaluate config files with other values of their variables."""
    original, assigned, files = Config._pre_substitute_base_vars, [], []

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


def _assignments(source: str) -> Iterator[tuple[str, str, ast.expr]]:
    """Name, text and node of each variable that a file assigns at its top level."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and not target.id.startswith('_'):
                yield target.id, ast.get_source_segment(source, node.value), node.value


def _replaced(source: str, assigned: list[_Assigned], values: dict) -> str:
    """A source with the values of some of its variables replaced."""
    content = source.encode()
    starts = [0]
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for each in reversed(assigned):
        if each.name in values:
            node = each.node  # whose columns count bytes
            first = starts[node.lineno - 1] + node.col_offset
            last = starts[node.end_lineno - 1] + node.end_col_offset
            content = content[:first] + repr(values[each.name]).encode() + content[last:]
    return content.decode()


def _set_above(cfg: Config, assigned: list[_Assigned]) -> dict:
    """Variables that several files of a config assign, with their final values."""
    names = {each.name for each in assigned if is_variable(each.name, cfg)}
    files = {name: {each.file for each in assigned if each.name == name} for name in names}
    return {
        name: cfg[name] for name, where in files.items() if len(where) > 1 and _is_plain(cfg[name])
    }


def _is_plain(value) -> bool:
    """Whether a value can be written down; dicts are merged, so that they are no settings."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(each, dict) or _is_plain(each) for each in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _own(assigned: list[_Assigned]) -> dict:
    """Variables of the config itself, with the values that they have in its bases."""
    own = {each.name for each in assigned if each.file == 0}
    values = {}
    for each in assigned:
        if each.file and each.name in own and each.name not in values:
            values[each.name] = each.literal()
    return {name: value for name, value in values.items() if value is not None}


def _same(one: Config, other: Config) -> bool:
    """Return whether two configs agree in everything that takes effect."""
    return all(one.get(key) == other.get(key) for key in CONFIG_KEYS)


def _idle_text(cfg: Config, name: str, value, where: str) -> str:
    found = [key for key in _flat(cfg._cfg_dict) if key.rpartition('.')[2] == name][:4]
    keys = ' or '.join(found) or 'the key that takes its value'
    return (
        f'{_listed({name: value})} ({where}) changes nothing: {name} is a variable of the config, '
        f'and no setting that takes effect has its value; set {keys}'
    )


def _listed(values: dict) -> str:
    return ' '.join(f'{name}={value!r}' for name, value in values.items())


def _flat(value, prefix: str = '') -> Iterator[str]:
    """Dotted keys below the keys that take effect."""
    for key, each in value.items():
        if prefix or key in CONFIG_KEYS:
            if isinstance(each, dict):
                yield from _flat(each, f'{prefix}{key}.')
            elif prefix:
                yield f'{prefix}{key}'
