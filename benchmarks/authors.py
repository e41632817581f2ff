"""Train CIFAR-10's scaled protocol by the authors' loop and by ours, and compare.

    python benchmarks/authors.py --images CIFAR10 [--seeds 3] [--rows ROW ...]

Both sides have the same 5,000 images, initial weights, batches, epochs and learning rates. The
authors' loop is peers/authors_loop.py. Ours augments as their code does, on the batch instead of
per image. Finished runs are not repeated, and ours resume, so the command can be stopped and
started again.
"""

import argparse
import time
from pathlib import Path

import cifar10
import numpy as np
import torch
from mmengine.config import Config
from mmengine.fileio import dump, load
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, set_random_seed
from mmpretrain.registry import MODELS
from peers.authors_loop import Bank, train

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.engine.launch import build_runner
from npid_mm.models import NPID

# name of a row: the row of cifar10.py, negatives; 400 of 5,000 are about 4,096 of 50,000
ROWS = {'exact softmax': ('exact softmax', 0), 'NCE, m = 400': ('NCE, m = 4096', 400)}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=Path, help='CIFAR-10 as train/CLASS/* and test/CLASS/*')
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS), metavar='ROW')
    parser.add_argument('--epochs', type=int, default=30)
    parser.add_argument('--workers', type=int, default=1, help='processes that load images')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/authors'))
    args = parser.parse_args()
    args.scaled = True
    return args


def make_config(args: argparse.Namespace, row: str, seed: int) -> Config:
    """Return the config of one run of ours."""
    cfg = cifar10.make_config(
        args, ROWS[row][0], 'per batch', seed, args.work_dir / f'{row}_{seed}'
    )
    cfg.train_cfg.update(max_epochs=args.epochs, val_interval=args.epochs + 1)
    cfg.param_scheduler.milestones = milestones(args.epochs)
    if ROWS[row][1]:  # the authors' code keeps Z of the first batch
        cfg.model.head.update(num_negatives=ROWS[row][1], z_momentum=0.0)
    return cfg


def milestones(epochs: int) -> list[int]:
    """Return the epochs after which the learning rate is divided by 10."""
    return [epochs * 3 // 5, epochs * 4 // 5]


def build_model(cfg: Config, seed: int) -> NPID:
    """Return the network of a config with initial weights."""
    set_random_seed(seed)
    model = MODELS.build({'data_preprocessor': cfg.data_preprocessor, **cfg.model})
    model.init_weights()
    return model


def ours(cfg: Config) -> tuple[NPID, float]:
    """Train by this package; return the network and the seconds per epoch."""
    cfg.resume = True
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        set_loader_defaults(cfg[name])
    runner = build_runner(cfg)
    start, done = time.perf_counter(), runner.train_loop.epoch
    runner.train()
    return runner.model, (time.perf_counter() - start) / (runner.train_loop.max_epochs - done)


def theirs(cfg: Config, row: str, seed: int) -> tuple[NPID, float]:
    """Train by the authors' loop; return the network and the seconds per epoch."""
    model, images = build_model(cfg, seed), rgb_images(cfg)
    bank = Bank(len(images), cfg.model.neck.out_channels, 0.1, 0.5, ROWS[row][1])
    loader, optimizer = cfg.train_dataloader, cfg.optim_wrapper.optimizer
    epochs = train(
        model,
        bank,
        images,
        epochs=cfg.train_cfg.max_epochs,
        milestones=cfg.param_scheduler.milestones,
        batch_size=loader.batch_size,
        lr=optimizer.lr,
        weight_decay=optimizer.weight_decay,
        workers=loader.num_workers,
    )
    start = time.perf_counter()
    list(epochs)
    return model, (time.perf_counter() - start) / cfg.train_cfg.max_epochs


def rgb_images(cfg: Config) -> np.ndarray:
    """Return the training images of a config, RGB (N, 32, 32, 3) in uint8."""
    loader = cfg.test_cfg.reference.copy()
    set_loader_defaults(loader)
    dataset = Runner.build_dataloader(loader).dataset
    images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))])
    if cfg.data_preprocessor.get('bgr_to_rgb'):
        images = images.flip(1)
    return images.permute(0, 2, 3, 1).numpy()


def figures(args: argparse.Namespace, row: str, side: str, seed: int) -> dict[str, float]:
    """Run one side, or read its figures if it is finished."""
    path = args.work_dir / f'{row}_{seed}_{side}_{args.epochs}.json'
    if not path.exists():
        cfg = make_config(args, row, seed)
        model, seconds = ours(cfg) if side == 'ours' else theirs(cfg, row, seed)
        found = {**cifar10.accuracies(cfg, model), 'seconds': seconds}
        dump(found, path, backend_args=dict(backend='atomic'))
    return load(path)


def main() -> None:
    """Run both sides in turn and print the table."""
    args = parse_args()
    init_default_scope('mmpretrain')
    args.work_dir.mkdir(parents=True, exist_ok=True)
    cifar10.print_row('loss', 'loop', 'kNN', 'linear SVM', 'seconds per epoch')
    cifar10.print_row(*['---'] * 5)
    for row in args.rows:
        runs: dict[str, list[dict]] = {'the authors': [], 'ours': []}
        for seed in range(args.seeds):
            for side, done in runs.items():
                done.append(figures(args, row, side, seed))
        for side, done in runs.items():
            cells = (cifar10.cell(done, column) for column in ('knn', 'svm', 'seconds'))
            cifar10.print_row(row, side, *cells)


if __name__ == '__main__':
    main()
