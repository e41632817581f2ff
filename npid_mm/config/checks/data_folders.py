"""Check that the files and folders that a config reads exist, and are not empty."""

from collections.abc import Iterator
from os.path import exists, expanduser, isfile, join
from pathlib import Path

from mmengine.config import Config
from mmpretrain.datasets import CustomDataset
from mmpretrain.registry import DATASETS

from npid_mm.config.tree import dicts
from npid_mm.datasets.image_folders.list_check import check_list
from npid_mm.extras import EXTRAS


def check_data_folders(cfg: Config, *parts: str) -> None:
    """Check the folders and lists that the data sets of a config name, all in one message.

    Upstream would stop at the first missing file with its bare path, and at an empty list or one
    without labels with an error of NumPy or Python. Data sets that are named by a folder alone
    check themselves, or download.

    Args:
        cfg (Config): A config.
        *parts (str): Its loaders, loops and evaluators to check, such as 'train_dataloader'.

    Raises:
        FileNotFoundError: If something is missing, or a list is empty.
        ValueError: If a line of a list of images does not have the format of its data set.
    """
    datasets = [
        (part, dataset)
        for part in parts
        for _, dataset in dicts(cfg.get(part))
        # MMPretrain's data sets give the folder as a string, and some download into it
        if dataset.get('ann_file') or isinstance(dataset.get('data_prefix'), dict)
    ]
    missing = {f'{part}: {problem}' for part, dataset in datasets for problem in _missing(dataset)}
    if missing:
        raise FileNotFoundError(
            'the data are not where the config looks for them:\n  '
            + '\n  '.join(sorted(missing))
            + f'\nlooked from {Path.cwd()}: link the data set there (ln -s); '
            'npid data check checks a layout'
        )
    if cfg.get('default_scope') in EXTRAS:  # their lists have other columns, or none
        return
    lists: dict[tuple, str] = {}  # each is read once, even if several loaders have it
    for part, dataset in datasets:
        if arguments := _list_arguments(dataset):
            lists.setdefault(arguments, part)
    for arguments, part in lists.items():
        try:
            check_list(*arguments)
        except (ValueError, FileNotFoundError) as error:
            raise type(error)(f'{part}: {error}') from error


def _missing(dataset: dict) -> Iterator[str]:
    """Yield the paths of a data set that do not exist, and its list if that is empty."""
    for path in _paths(dataset):
        if '://' not in path and not exists(path):
            yield path
    path = _local_list(dataset)
    if path:
        with open(path, 'rb') as file:
            if not any(map(bytes.strip, file)):
                yield f'{path} (empty)'


def _paths(dataset: dict) -> Iterator[str]:
    """Yield what a data set reads, the list first; ``join`` keeps absolute paths."""
    folders = dataset.get('data_prefix') or {}
    folders = folders.values() if isinstance(folders, dict) else [folders]
    root = dataset.get('data_root') or ''
    names = [dataset.get('ann_file'), *folders]
    yield from (join(root, expanduser(name)).rstrip('/') for name in names if name)


def _local_list(dataset: dict) -> str:
    """Return the list of a data set, or '' if it has none on a local disk."""
    path = next(_paths(dataset)) if dataset.get('ann_file') else ''
    return path if isfile(path) else ''


def _list_arguments(dataset: dict) -> tuple[str, str, bool] | None:
    """Return path, folder of the images and whether there are labels, for MMPretrain's lists."""
    path, kind = _local_list(dataset), dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if not path or getattr(kind, 'load_data_list', None) is not CustomDataset.load_data_list:
        return None
    prefix = dataset.get('data_prefix') or ''
    prefix = prefix.get('img_path', '') if isinstance(prefix, dict) else prefix
    folder = join(dataset.get('data_root') or '', expanduser(prefix))
    return path, folder, bool(dataset.get('with_label', True))
