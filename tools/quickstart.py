#!/usr/bin/env python
"""The whole way on a laptop: images in, NPID trained, evaluated and shown.

python tools/quickstart.py                    scikit-learn's handwritten digits
python tools/quickstart.py --data FOLDER      your own images; class subfolders give labels
"""

import argparse
import os
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F

from npid_mm.cli.errors import ToolParser, run_tool
from npid_mm.cli.options import add_config_options
from npid_mm.cli.preflight import check_writable
from npid_mm.cli.quickstart_lists import use_listed_images
from npid_mm.cli.quickstart_record import check_work_dir, record_images
from npid_mm.config.loaders import drop_worker_options, set_loader_defaults
from npid_mm.config.reading import read_config
from npid_mm.datasets import dataset_labels, split_folder, write_digits
from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.engine.features import readable_features, tolerate_unreadable
from npid_mm.engine.folder_lock import sole_training
from npid_mm.engine.launch import build_runner
from npid_mm.evaluation import linear_probe, nearest_neighbors, weighted_knn
from npid_mm.utils.files import existing_file
from npid_mm.visualization import neighbor_sheet, sample_across_classes, training_curve

CONFIGS = Path(__file__).resolve().parents[1] / 'configs' / 'selfsup' / 'npid'
DIGITS = CONFIGS / 'npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'
FOLDER = CONFIGS / 'npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'
WORK_DIR = 'work_dirs/quickstart'
K = 10  # neighbours that vote in the closing table, and that the contact sheet shows
QUERIES = 10  # rows of the contact sheet
SHORT_EPOCHS = 3


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Train NPID on a small set of images and look.')
    parser.add_argument('--data', type=Path, help='folder of images; default: the digits')
    parser.add_argument('--config', type=Path, help='config in place of the default one')
    parser.add_argument(
        '--work-dir', type=Path, help=f'default: {WORK_DIR}, with --data {WORK_DIR}_FOLDER'
    )
    epochs = parser.add_mutually_exclusive_group()
    epochs.add_argument('--epochs', type=int, help="in place of the config's")
    epochs.add_argument(
        '--short', action='store_true', help=f'{SHORT_EPOCHS} epochs, to see that it all runs'
    )
    parser.add_argument(
        '--no-labels', dest='labels', action='store_false', help='take no classes from subfolders'
    )
    parser.add_argument('--seed', type=int, default=0)
    add_config_options(parser)
    args = parser.parse_args()
    if args.epochs is not None and args.epochs < 1:
        raise ValueError(f'--epochs must be at least 1, got {args.epochs}')
    if not 0 <= args.seed < 2**32:
        raise ValueError(f'--seed must be in 0..{2**32 - 1}, got {args.seed}')
    if args.work_dir is None:
        args.work_dir = Path(f'{WORK_DIR}_{args.data.resolve().name}' if args.data else WORK_DIR)
    return args


def main() -> None:
    """Run the quickstart, alone in its work dir."""
    args = parse_args()
    root = args.data or args.work_dir / 'digits'
    config = existing_file(str(args.config or (FOLDER if args.data else DIGITS)), 'config')
    cfg = read_config(config, args.cfg_options)
    check_writable(args.work_dir, '--work-dir')
    check_work_dir(args.work_dir, root, [DIGITS.name, FOLDER.name])
    with sole_training(args.work_dir):
        quickstart(args, cfg, root)


def quickstart(args: argparse.Namespace, cfg: Config, root: Path) -> None:
    """Prepare the images in ``root``, train, evaluate, draw."""
    # a small network gains nothing from more threads, and the loaders' workers need the rest
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    console = Console()
    if args.data is None:
        write_digits(root)
    classes = split_folder(root, args.work_dir, with_labels=args.labels)
    record_images(args.work_dir, root)
    complete_config(cfg, args, root, labeled=bool(classes))
    init_default_scope(cfg.default_scope)
    # training images as the test sees them, and held-out ones
    loaders = [
        Runner.build_dataloader(tolerate_unreadable(loader))
        for loader in (cfg.test_cfg.reference, cfg.test_dataloader)
    ]
    console.print(
        f'{len(loaders[0].dataset)} images to train on, {len(loaders[1].dataset)} held out, '
        f'{len(classes) or "no"} classes, {cfg.train_cfg.max_epochs} epochs'
    )
    runner = quiet_runner(cfg)
    untrained = Untrained(loaders)
    runner.register_hook(untrained)
    runner.train()
    trained = embed(runner.model, loaders, 'embedding')
    datasets = untrained.datasets

    draw_neighbors(*trained, *datasets, classes, args.work_dir / 'neighbors.png')
    scalars = Path(runner.log_dir) / 'vis_data' / 'scalars.json'
    training_curve(scalars, args.work_dir / 'curve.png')
    if classes:
        labels = [dataset_labels(dataset) for dataset in datasets]
        pixels = [pixel_rows(dataset) for dataset in datasets]
        pooled = embed(runner.model, loaders, 'backbone')
        bank = runner.model.memory_bank.feature_bank[untrained.positions[0]]
        figures = {
            'kNN, raw pixels': knn_accuracy(*pixels, *labels),
            'kNN, untrained network': knn_accuracy(*untrained.features, *labels),
            'kNN, NPID from the bank': knn_accuracy(bank, trained[1], *labels),
            'kNN, NPID recomputed': knn_accuracy(*trained, *labels),
            'linear probe, NPID': linear_probe(pooled[0], labels[0], pooled[1], labels[1]),
        }
        dump(figures, args.work_dir / 'results.json')
        left_out = sum(len(loader.dataset) for loader in loaders) - sum(map(len, datasets))
        console.print(as_table(figures, left_out))
    console.print(f'Look at {args.work_dir}/neighbors.png and {args.work_dir}/curve.png')


def complete_config(cfg: Config, args: argparse.Namespace, root: Path, labeled: bool) -> None:
    """Write the images of ``root``, as listed in ``args.work_dir``, into a config."""
    cfg.work_dir = str(args.work_dir)
    cfg.randomness = dict(seed=args.seed)
    if args.short or args.epochs:
        cfg.train_cfg.max_epochs = args.epochs or SHORT_EPOCHS
    use_listed_images(cfg, root, args.work_dir, labeled)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        set_loader_defaults(loader)
    cfg.merge_from_dict(args.cfg_options)
    drop_worker_options(cfg)
    if not labeled:  # nothing to validate with
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.default_hooks.memory_bank.knn_interval = 0


class Untrained(Hook):
    """Embeds the images before the first step.

    Args:
        loaders (list[DataLoader]): Of the images.

    Attributes:
        features (list[Tensor]): Unit features (n, D) of each loader's images that can be read.
        positions (list[Tensor]): (n,), which these are.
        datasets (list[Dataset]): These images.
    """

    def __init__(self, loaders: list):
        self.loaders = loaders

    def before_train(self, runner: Runner) -> None:
        """Keep the features of the fresh network."""
        model = runner.model.eval()
        found = [readable_features(model, loader, 'embedding') for loader in self.loaders]
        self.features, self.positions = map(list, zip(*found, strict=True))
        self.datasets = [
            loader.dataset.readable(positions)
            for loader, positions in zip(self.loaders, self.positions, strict=True)
        ]


def quiet_runner(cfg: Config) -> Runner:
    """A Runner that prints progress, but not the machine and the config before it."""
    cfg.log_level = 'WARNING'
    runner = build_runner(cfg)
    for part in (runner.logger, *runner.logger.handlers):
        part.setLevel('INFO')
    # whoever uses the written config wants to read its log
    runner.cfg.log_level = 'INFO'
    runner.dump_config()
    return runner


def embed(model, loaders: list, level: str) -> list[Tensor]:
    """Unit features (n, D) of each loader's images that can be read."""
    model.eval()
    return [readable_features(model, loader, level)[0] for loader in loaders]


def pixel_rows(dataset) -> Tensor:
    """Unit rows (n, pixels) of the images as the network's test pipeline gives them."""
    rows = [dataset[i]['inputs'].flatten().float() for i in range(len(dataset))]
    return F.normalize(torch.stack(rows))


def knn_accuracy(reference: Tensor, query: Tensor, labels: Tensor, truth: Tensor) -> float:
    """Top-1 accuracy of the weighted kNN with K neighbours, from 0 to 1."""
    scores = weighted_knn(query.cpu(), reference.cpu(), labels, K)
    return (scores.argmax(1) == truth).float().mean().item()


def draw_neighbors(reference, query, searched, asked, classes, out: Path) -> None:
    """Contact sheet of held-out images of many classes, with their nearest training images."""
    classified = dataset_labels(asked).tolist() if classes else range(len(query))
    chosen = sample_across_classes(classified, QUERIES)
    similarity, index = nearest_neighbors(query[chosen], reference, K)
    neighbors = [[searched.get_data_info(i) for i in row] for row in index.tolist()]
    queries = [asked.get_data_info(i) for i in chosen]
    neighbor_sheet(
        [info['img_path'] for info in queries],
        [[info['img_path'] for info in row] for row in neighbors],
        similarity,
        query_labels=[info['gt_label'] for info in queries] if classes else None,
        neighbor_labels=[[info['gt_label'] for info in row] for row in neighbors]
        if classes
        else None,
        class_names=classes or None,
        out=out,
        reader=dataset_reader(asked),
    )


def as_table(figures: dict[str, float], left_out: int) -> Table:
    """The closing table; ``left_out`` images could not be read."""
    caption = f'kNN: K = {K}, tau = 0.07'
    caption += f'; unreadable images left out: {left_out}' if left_out else ''
    table = Table(title='Accuracy on the held-out images', caption=caption)
    table.add_column('what')
    table.add_column('top-1', justify='right')
    for name, value in figures.items():
        table.add_row(name, f'{100 * value:.2f} %')
    return table


if __name__ == '__main__':
    sys.exit(run_tool(main))
