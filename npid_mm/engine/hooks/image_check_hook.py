"""Look at the headers of the images before a run, and name all that cannot be read."""

import logging
from concurrent.futures import ThreadPoolExecutor

from mmengine.dist import all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmpretrain.registry import HOOKS
from torch.utils.data import Dataset

from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.datasets.unreadable_images import SHOWN, ReadableDataset, TooManyUnreadableError
from npid_mm.engine.runner_state import built_loops
from npid_mm.images import plain_reason
from npid_mm.utils.checks import check_whole

MOST = 10_000  # images of a data set that are looked at; 1,000 take 0.3 s of CPU time
THREADS = 8  # a network disk answers several questions at once


@HOOKS.register_module()
class ImageCheckHook(Hook):
    """Find images that cannot be read before the first step, by their headers and their ends.

    Nothing is decoded: an image that is damaged inside is found when it is read. Of more than
    ``most`` images, as many are looked at, spread evenly.

    Args:
        most (int): Images of each data set that are looked at, at least 1.

    Raises:
        ValueError: ``most`` is below 1.
    """

    # before the other hooks look at samples
    priority = 'VERY_HIGH'

    def __init__(self, most: int = MOST):
        check_whole('most', most)
        self.most = most
        self._checked = set()

    def before_run(self, runner) -> None:
        """Check the data sets of the loops that are built, which are those that will run.

        Raises:
            TooManyUnreadableError: More images cannot be read than the data set tolerates.
        """
        for stage, loop in built_loops(runner).items():
            loaders = {f'{stage}_dataloader': loop.dataloader}
            loaders[f'{stage}_cfg.reference'] = getattr(loop, 'reference', None)
            for name, loader in loaders.items():
                dataset = getattr(loader, 'dataset', None)
                if isinstance(dataset, Dataset) and name not in self._checked:
                    check_images(dataset, name, self.most)
                    self._checked.add(name)


def check_images(dataset: Dataset, name: str, most: int = MOST) -> None:
    """Look at headers and ends of a data set's image files; called by all ranks together.

    Args:
        dataset (Dataset): A :class:`ReadableDataset` takes note of what it can do without. Any
            other must be readable as a whole.
        name (str): What the messages call it, such as 'val_dataloader'.
        most (int): Images that are looked at.

    Raises:
        TooManyUnreadableError: More images cannot be read than the data set tolerates.
    """
    rank, world_size = get_dist_info()
    count = min(len(dataset), most)
    positions = [number * len(dataset) // count for number in range(rank, count, world_size)]
    reasons = {}
    for each in all_gather_object(unreadable_images(dataset, positions)):
        reasons.update(each)
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
    if not isinstance(dataset, ReadableDataset):
        raise TooManyUnreadableError(f'{text}\nremove or replace them')
    try:
        dataset.note_unreadable(reasons)
    except TooManyUnreadableError as error:
        raise TooManyUnreadableError(f'{name}: {error}') from None
    print_log(f'{text}\nthe run goes without them', 'current', logging.WARNING)


def unreadable_images(dataset: Dataset, positions: list[int]) -> dict[int, str]:
    """Position -> reason of the images among ``positions`` that are refused by their files.

    Images in memory, files that are not on a disk, and those that another loader than
    :class:`~npid_mm.datasets.LoadImage` or its like reads, are not looked at.
    """
    reader = dataset_reader(dataset)
    if reader is None:
        return {}

    def reason(position: int) -> str | None:
        path = dataset.get_data_info(position).get('img_path')
        if path is None or '://' in str(path):
            return None
        try:
            reader.check(path)
        except Exception as error:  # also of a disk or a name that is not as it should be
            return plain_reason(error)

    with ThreadPoolExecutor(THREADS) as threads:
        found = zip(positions, threads.map(reason, positions), strict=True)
        return {position: why for position, why in found if why is not None}
