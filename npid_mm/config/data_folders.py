"""Whether the files and folders that a config reads are there, and have something in them."""

from collections.abc import Iterator
from os.path import exists, expanduser, isfile, join
from pathlib import Path

from mmengine.config import Config
from mmpretrain.datasets import CustomDataset
from mmpretrain.registry import DATASETS

from npid_mm.datasets.image_folders.list_check import check_list
from npid_mm.extras import EXTRAS


def check_data_folders(cfg: Config, *parts: str) -> None:
    """Look for the folders and lists that the data sets of a config name.

    Upstream starts to build and stops at the first missing file with its bare path, and at an
    empty list or one without labels with an error of NumPy or Python. Here one message has all of
    them. Data sets that are named by a folder alone have checks of their own, or download.

    Args:
        cfg (Config): A config.
        *parts (str): Which of its loaders, loops and evaluators, such as 'train_dataloader'.

    Raises:
        FileNotFoundError: Something is missing, or a list is empty.
        ValueError: A line of a list of images is not as its data set reads it.
    """
    datasets = [(part, dataset) for part in parts for dataset in _datasets(cfg.get(part))]
    missing = {f'{part}: {problem}' for part, dataset in datasets for problem in _missing(dataset)}
    if missing:
        raise FileNotFoundError(
            'the data are not where the config looks for them:\n  '
            + '\n  '.join(sorted(missing))
            + f'\nlooked from {Path.cwd()}: link the data set there (ln -s); '
            'tools/dataset_converters/check_dataset.py checks a layout'
        )
    if cfg.get('default_scope') not in EXTRAS:  # whose lists have other columns, or none
        lists = {}  # each is read once, also where several loaders have it
        for part, dataset in datasets:
            if arguments := _list_arguments(dataset):
                lists.setdefault(arguments, part)
        for arguments, part in lists.items():
            try:
                check_list(*arguments)
            except (ValueError, FileNotFoundError) as error:
                raise type(error)(f'{part}: {error}') from error


def _datasets(value) -> Iterator[dict]:
    """Every dict inside ``value`` that says where its data are."""
    if isinstance(value, dict):
        # MMPretrain's name a folder by a text, which some of them fill by a download
        if value.get('ann_file') or isinstance(value.get('data_prefix'), dict):
            yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _datasets(each)


def _missing(dataset: dict) -> Iterator[str]:
    """Paths of a data set that are not there, and lists with nothing in them."""
    for path in _paths(dataset):
        if '://' not in path and not exists(path):
            yield path
    path = _list(dataset)
    if path and not _has_text(path):
        yield f'{path} (empty)'


def _paths(dataset: dict) -> Iterator[str]:
    """What a data set reads; a path that is absolute stands for itself."""
    folders = dataset.get('data_prefix') or {}
    folders = folders.values() if isinstance(folders, dict) else [folders]
    root = dataset.get('data_root') or ''
    names = [dataset.get('ann_file'), *folders]
    yield from (join(root, expanduser(name)).rstrip('/') for name in names if name)


def _list(dataset: dict) -> str | None:
    """The list of a data set, if it has one on a local disk."""
    path = next(_paths(dataset)) if dataset.get('ann_file') else ''
    return path if isfile(path) else None


def _has_text(path: str) -> bool:
    with open(path, 'rb') as file:
        return any(map(bytes.strip, file))


def _list_arguments(dataset: dict) -> tuple[str, str, bool] | None:
    """Path, folder of the images and whether there are labels, for MMPretrain's lists."""
    path, kind = _list(dataset), dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if path is None or getattr(kind, 'load_data_list', None) is not CustomDataset.load_data_list:
        return None
    prefix = dataset.get('data_prefix') or ''
    prefix = prefix.get('img_path', '') if isinstance(prefix, dict) else prefix
    folder = join(dataset.get('data_root') or '', expanduser(prefix))
    return path, folder, bool(dataset.get('with_label', True))
