"""Point a pretraining config at the lists of a folder of images."""

from pathlib import Path

from mmengine.config import Config

from npid_mm.datasets.image_folders.image_list import list_lines


def use_listed_images(cfg: Config, root: Path, lists: Path, labeled: bool) -> None:
    """Let all loaders of a config read the images that ``split_folder`` listed.

    The batch becomes smaller where there are few images, so that an epoch has a few steps.

    Args:
        cfg (Config): A pretraining config with ``CustomDataset``, such as those of the quickstart.
        root (Path): Folder of the images.
        lists (Path): Folder of ``train.txt`` and ``val.txt``.
        labeled (bool): The lists have labels.
    """
    root, lists = root.resolve(), lists.resolve()
    for dataset, name in (
        (cfg.train_dataloader.dataset.dataset, 'train'),
        (cfg.test_cfg.reference.dataset, 'train'),
        (cfg.val_dataloader.dataset, 'val'),
        (cfg.test_dataloader.dataset, 'val'),
    ):
        path = str(lists / f'{name}.txt')
        dataset.update(data_root=str(root), ann_file=path, with_label=labeled)
    loader, images = cfg.train_dataloader, len(list_lines(lists / 'train.txt'))
    loader.batch_size = max(min(loader.batch_size, images // 4), 2)
