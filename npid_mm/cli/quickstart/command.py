"""Train, evaluate and show NPID on a laptop.

npid quickstart                    handwritten digits, scattered over a canvas
npid quickstart --data FOLDER      your own images; class subfolders give labels
"""

import argparse
import os
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.fileio import dump
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.console import Console
from torch import Tensor

from npid_mm.api.live_progress import live_progress
from npid_mm.api.run_folder import write_record
from npid_mm.cli.common.options import add_config_options
from npid_mm.cli.common.preflight import check_writable
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.config.checks.keys import check_keys
from npid_mm.config.networks.by_name import ANY, NETWORKS, network_config
from npid_mm.config.networks.fit_neck import fit_neck, image_shape
from npid_mm.config.own_images import ImageLists, own_images_config
from npid_mm.config.read_config import read_config
from npid_mm.config.shipped import find_config
from npid_mm.datasets import dataset_labels, split_folder, write_scattered_digits
from npid_mm.datasets.image_folders.image_list import list_lines
from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.engine.features import tolerate_unreadable
from npid_mm.engine.folder_lock import sole_training
from npid_mm.engine.launch import quiet_runner
from npid_mm.evaluation import linear_probe, nearest_neighbors
from npid_mm.utils.paths import MIM
from npid_mm.visualization import neighbor_sheet, sample_across_classes, training_curve

from .embedding import K, UntrainedFeaturesHook, embed, knn_accuracy, pixel_rows
from .table import MEANING, accuracy_table
from .work_dir import check_work_dir, record_images

CONFIGS = (MIM / 'configs/selfsup/npid').resolve()
DIGITS = CONFIGS / 'npid-exact_resnet18-w16_1xb32-coslr-120e_scattered-digits.py'
FOLDER = CONFIGS / 'npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'
BACKBONE = 'model.backbone.'
SHORT_EPOCHS = 3
WORK_DIR = 'work_dirs/quickstart'
QUERIES = 10  # rows of the contact sheet


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Train, evaluate and show NPID on a small folder of images.')
    parser.add_argument('--data', type=Path, help='folder of images; default: the digits')
    parser.add_argument('--config', type=Path, help='config to use instead of the default')
    parser.add_argument('--model', help=f"{', '.join(NETWORKS)}, {ANY}; default: the config's")
    parser.add_argument(
        '--work-dir',
        type=Path,
        help=f'folder for logs and results; default: {WORK_DIR}, or {WORK_DIR}_NAME with --data, '
        "after the folder's name",
    )
    epochs = parser.add_mutually_exclusive_group()
    epochs.add_argument('--epochs', type=int, help="number of epochs, instead of the config's")
    epochs.add_argument(
        '--short', action='store_true', help=f'{SHORT_EPOCHS} epochs, for a quick trial'
    )
    parser.add_argument(
        '--no-labels', dest='labels', action='store_false', help='ignore the classes of subfolders'
    )
    parser.add_argument('--seed', type=int, default=0, help='random seed; default: %(default)s')
    add_config_options(parser)
    args = parser.parse_args(argv)
    if args.epochs is not None and args.epochs < 1:
        raise ValueError(f'--epochs must be at least 1, got {args.epochs}')
    if not 0 <= args.seed < 2**32:
        raise ValueError(f'--seed must be in 0..{2**32 - 1}, got {args.seed}')
    if args.work_dir is None:
        args.work_dir = Path(f'{WORK_DIR}_{args.data.resolve().name}' if args.data else WORK_DIR)
    return args


def main(argv: list[str] | None = None) -> None:
    """Run the quickstart, alone in its work dir."""
    args = parse_args(argv)
    root = args.data or args.work_dir / 'scattered-digits'
    config = find_config(str(args.config or (FOLDER if args.data else DIGITS)))
    cfg = _read_config(config, args)
    check_writable(args.work_dir, '--work-dir')
    check_work_dir(args.work_dir, root, [DIGITS.name, FOLDER.name])
    with sole_training(args.work_dir):
        _quickstart(args, cfg, root)


def _read_config(path: str, args: argparse.Namespace) -> Config:
    """Read the config, with the network that ``--model`` names."""
    if not args.model:
        return read_config(path, args.cfg_options)
    options = args.cfg_options
    backbone = {key: value for key, value in options.items() if key.startswith(BACKBONE)}
    cfg = read_config(path, {key: options[key] for key in options.keys() - backbone.keys()})
    cfg.model.backbone = network_config(args.model, image_shape(cfg)[-1])
    check_keys(cfg, backbone)  # they are merged later
    return cfg


def _quickstart(args: argparse.Namespace, cfg: Config, root: Path) -> None:
    """Prepare the images in ``root``, train, evaluate and draw."""
    # more threads do not speed up a small network, and the loaders' workers need the rest
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    console = Console()
    if args.data is None:
        write_scattered_digits(root)
    classes = split_folder(root, args.work_dir, with_labels=args.labels)
    record_images(args.work_dir, root)
    count, held_out = (len(list_lines(args.work_dir / f'{name}.txt')) for name in ('train', 'val'))
    lists = ImageLists(root, args.work_dir, count, held_out, labeled=bool(classes))
    epochs = SHORT_EPOCHS if args.short else args.epochs
    own_images_config(cfg, lists, args.work_dir, args.seed, epochs, args.cfg_options)
    if args.model:
        fit_neck(cfg)
    write_record(args.work_dir, cfg)
    init_default_scope(cfg.default_scope)
    # training images with the test pipeline, and held-out ones
    loaders = [
        Runner.build_dataloader(tolerate_unreadable(loader))
        for loader in (cfg.test_cfg.reference, cfg.test_dataloader)
    ]
    console.print(
        f'{len(loaders[0].dataset)} images to train on, {len(loaders[1].dataset)} held out, '
        f'{len(classes) or "no"} classes, {cfg.train_cfg.max_epochs} epochs'
    )
    runner = quiet_runner(cfg)
    untrained = UntrainedFeaturesHook(loaders)
    runner.register_hook(untrained)
    with live_progress(runner):
        runner.train()
    trained = embed(runner.model, loaders, 'embedding')
    datasets = untrained.datasets

    _draw_neighbors(trained, datasets, classes, args.work_dir / 'neighbors.png')
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
        console.print(accuracy_table(figures, len(datasets[1]), left_out))
        console.print(MEANING)
    console.print(f'Look at {args.work_dir}/neighbors.png and {args.work_dir}/curve.png')


def _draw_neighbors(
    features: list[Tensor], datasets: list[BaseDataset], classes: list[str], out: Path
) -> None:
    """Draw held-out images of many classes with their nearest training images."""
    (reference, query), (searched, asked) = features, datasets
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
