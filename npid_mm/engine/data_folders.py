"""Whether the files and folders that a detection or segmentation config reads are there."""

from collections.abc import Iterator
from os.path import exists, join
from pathlib import Path

from mmengine.config import Config

from npid_mm.extras import EXTRAS


def check_data_folders(cfg: Config, *parts: str) -> None:
    """Look for the folders and lists that data sets of MMDetection and MMSegmentation name.

    Upstream starts to build and stops at the first missing file with its bare path. Here one
    message has all of them. Other scopes have checks of their own and are let through.

    Args:
        cfg (Config): A config.
        *parts (str): Which of its loaders and evaluators, such as 'train_dataloader'.

    Raises:
        FileNotFoundError: Something is missing.
    """
    if cfg.get('default_scope') not in EXTRAS:
        return
    missing = {
        f'{part}: {path}'
        for part in parts
        for dataset in _datasets(cfg.get(part))
        for path in _paths(dataset)
        if '://' not in path and not exists(path)
    }
    if missing:
        raise FileNotFoundError(
            'the data are not where the config looks for them:\n  '
            + '\n  '.join(sorted(missing))
            + f'\nlooked from {Path.cwd()}: link the data set there (ln -s); '
            'tools/dataset_converters/check_dataset.py checks a layout'
        )


def _datasets(value) -> Iterator[dict]:
    """Every dict inside ``value`` that says where its data are."""
    if isinstance(value, dict):
        if value.get('ann_file') or value.get('data_prefix'):
            yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _datasets(each)


def _paths(dataset: dict) -> Iterator[str]:
    """What a data set reads; a path that is absolute stands for itself."""
    names = [dataset.get('ann_file'), *(dataset.get('data_prefix') or {}).values()]
    root = dataset.get('data_root') or ''
    yield from (join(root, name).rstrip('/') for name in names if name)
