"""Find the config files that npid_mm ships, by their names."""

import difflib
from pathlib import Path

from npid_mm.utils.input_files import existing_file
from npid_mm.utils.paths import MIM


def find_config(config: str) -> str:
    """Return the path of a config file, or of a config that npid_mm ships.

    Args:
        config (str): A path, a URL, or the name of a shipped config, with or without ``.py``. A
            file of the same name comes first.

    Returns:
        str: The path.

    Raises:
        FileNotFoundError: If neither a file nor a shipped config has this name. The message
            has close names.
        ValueError: If it is a folder.

    Example:
        >>> find_config('npid-exact_resnet50_8xb32-steplr-200e_in1k')
        '.../configs/selfsup/npid/npid-exact_resnet50_8xb32-steplr-200e_in1k.py'
    """
    try:
        return existing_file(config, 'config')
    except FileNotFoundError as error:
        shipped = shipped_configs()
        name = Path(config).name.removesuffix('.py')
        if name in shipped and Path(config).name == config:
            return str(shipped[name])
        close = difflib.get_close_matches(name, shipped, 3)
        if not close:
            raise
        raise FileNotFoundError(f'{error}; did you mean {" or ".join(close)}?') from error


def shipped_configs() -> dict[str, Path]:
    """Return name -> file of all shipped configs that can be run."""
    folder = (MIM / 'configs').resolve()
    files = (
        path for path in folder.rglob('*.py') if '_base_' not in path.relative_to(folder).parts
    )
    return {path.stem: path for path in sorted(files)}
