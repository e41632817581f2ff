"""Check the headers of the images before a run, and list the unreadable ones."""

import logging
from concurrent.futures import ThreadPoolExecutor

from mmengine.dataset import BaseDataset
from mmengine.dist import all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import Dataset

from npid_mm.datasets.tolerant_dataset import SHOWN, TolerantDataset, TooManyUnreadableError
from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.engine.runner_state import built_loops
from npid_mm.images import plain_reason
from npid_mm.utils.checks import check_whole

MOST = 10_000  # images checked per data set; 1,000 take 0.3 s of CPU time
THREADS = 8  # a network disk answers several requests at once


@HOOKS.register_module()
class ImageCheckHook(Hook):
    """Find unreadable images before the first step, by the start and the end of each file.

    Images are not decoded: damage in the middle of a file is found when the image is loaded.

    Args:
        most (int): Maximum number of images to check per data set, evenly spaced; at least 1.

    Raises:
        ValueError: If ``most`` is below 1.
    """

    # before hooks that load samples
    priority = 'VERY_HIGH'

    def __init__(self, most: int = MOST):
        check_whole('most', most)
        self.most = most
        self._checked: set[str] = set()

    def before_run(self, runner: Runner) -> None:
        """Check the data sets of the loops that will run.

        Raises:
            TooManyUnreadableError: If a data set has more unreadable images than it tolerates.
        """
        for stage, loop in built_loops(runner).items():
            loaders = {f'{stage}_dataloader': loop.dataloader}
            loaders[f'{stage}_cfg.reference'] = getattr(loop, 'reference', None)
            for name, loader in loaders.items():
                dataset = getattr(loader, 'dataset', None)
                if isinstance(dataset, Dataset) and name not in self._checked:
                    check_images(dataset, name, self.most)
                    self._checked.add(name)


def check_images(dataset: BaseDataset, name: str, most: int = MOST) -> None:
    """Check the image files of a data set; must be called on all ranks.

    Args:
        dataset (BaseDataset): A :class:`TolerantDataset` is given its unreadable images, up to its
            limit. Any other data set must be readable.
        name (str): Name in the messages, e.g. 'val_dataloader'.
        most (int): Maximum number of images to check.

    Raises:
        TooManyUnreadableError: If the data set has more unreadable images than it tolerates.
    """
    rank, world_size = get_dist_info()
    count = min(len(dataset), most)
    positions = [number * len(dataset) // count for number in range(rank, count, world_size)]
    reasons: dict[int, str] = {}
    several = 0
    for unreadable, number in all_gather_object(_look_at(dataset, positions)):
        reasons.update(unreadable)
        several += number
    if several:
        print_log(
            f'{name}: {several} of {count} images have several frames or pages, of which the first '
            'is used',
            'current',
        )
    if not reasons:
        return
    reasons = dict(sorted(reasons.items()))
    lines = [
        f'  {dataset.get_data_info(position)["img_path"]}: {reason}'
        for position, reason in list(reasons.items())[:SHOWN]
    ]
    if len(reasons) > SHOWN:
        lines.append(f'  and {len(reasons) - SHOWN} more')
    text = f'{name}: {len(reasons)} of {count} images'
    text += f', of {len(dataset)} in all,' if count < len(dataset) else ''
    text += ' cannot be read:\n' + '\n'.join(lines)
    if not isinstance(dataset, TolerantDataset):
        raise TooManyUnreadableError(f'{text}\nremove or replace them')
    try:
        dataset.note_unreadable(reasons)
    except TooManyUnreadableError as error:
        raise TooManyUnreadableError(f'{name}: {error}') from None
    print_log(f'{text}\nthe run goes without them', 'current', logging.WARNING)


def _look_at(dataset: BaseDataset, positions: list[int]) -> tuple[dict[int, str], int]:
    """Find {position: reason} of the unreadable images, and count those of several frames.

    Images in memory, URLs, and images that the pipeline does not read with
    :class:`~npid_mm.datasets.LoadImage` or a related transform are not checked.
    """
    reader = dataset_reader(dataset)
    if reader is None:
        return {}, 0

    def look(position: int) -> str | bool:
        """Return why an image is unreadable, or whether it has several frames."""
        path = dataset.get_data_info(position).get('img_path')
        if path is None or '://' in str(path):
            return False
        try:
            return reader.check(path).several
        except Exception as error:  # also errors of the disk, or of an odd name
            return plain_reason(error)

    with ThreadPoolExecutor(THREADS) as threads:
        found = dict(zip(positions, threads.map(look, positions), strict=True))
    reasons = {position: why for position, why in found.items() if isinstance(why, str)}
    return reasons, sum(each is True for each in found.values())
