"""Plant copies among images, train on all of them, and count how many copies are found.

    python benchmarks/planted_copies.py [--images FOLDER] [--limit 5000] [--share 0.05]

The images are the digits, or those of a folder. A share of them gets one copy each; the kinds of
copies take turns: JPEG of quality 30, cropped by 10 % of each side, mirrored, resized to two
thirds, brightened by 30 %. The network of the plain digits trains on all images, mirrored at random
too. A pair of images is found if they are in one group. Recall is the share of the copies of a kind
that are in a group with their original; precision is the share of the pairs in groups that are
planted. Both are given for the default limits of `npid curate`, and for cosine alone and the
perceptual hash of imagehash at the limit with the largest F1, chosen with the truth.
"""

import argparse
import io
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from digits import print_table
from label_free import CONFIG
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image, ImageEnhance

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.config.read_config import read_config
from npid_mm.curation import (
    Neighbors,
    all_neighbors,
    curate,
    duplicate_groups,
    read_image_set,
    similar_pairs,
)
from npid_mm.datasets import write_digits


def encode(image: Image.Image) -> Image.Image:
    """Return an image as a JPEG of quality 30 shows it."""
    stream = io.BytesIO()
    image.save(stream, 'jpeg', quality=30)
    return Image.open(stream)


def crop(image: Image.Image) -> Image.Image:
    """Remove 5 % at each border."""
    width, height = image.size
    x, y = max(1, round(width / 20)), max(1, round(height / 20))
    return image.crop((x, y, width - x, height - y))


MAX_PAIRS = 10  # found for each planted one
KINDS: dict[str, Callable[[Image.Image], Image.Image]] = {
    'quality 30': encode,
    'crop': crop,
    'mirror': lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    'resize': lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
    'brighten': lambda image: ImageEnhance.Brightness(image).enhance(1.3),
}


def plant(source: list[Path], folder: Path, share: float, seed: int) -> dict[tuple[str, str], str]:
    """Write images and copies; return the names of each pair with its kind."""
    generator = np.random.default_rng(seed)
    chosen = set(generator.choice(len(source), round(share * len(source)), replace=False).tolist())
    folder.mkdir(parents=True, exist_ok=True)
    planted = {}
    for number, path in enumerate(source):
        name = f'{number:05}.png'
        image = Image.open(path).convert('RGB')
        image.save(folder / name)
        if number in chosen:
            kind = list(KINDS)[len(planted) % len(KINDS)]
            KINDS[kind](image).save(folder / f'copy_{name}')
            planted[name, f'copy_{name}'] = kind
    return planted


def train(args: argparse.Namespace, folder: Path) -> Path:
    """Train on the images of a folder; return the checkpoint."""
    run = args.work_dir / f'run_{folder.name}'
    checkpoint = run / f'epoch_{args.epochs}.pth'
    if not checkpoint.exists():
        names = sorted(path.name for path in folder.iterdir())
        (args.work_dir / 'all.txt').write_text('\n'.join(names))
        cfg = read_config(CONFIG)
        cfg.update(work_dir=str(run), randomness=dict(seed=args.seed), experiment_name='planted')
        cfg.log_level = 'WARNING'
        data = cfg.train_dataloader.dataset.dataset
        data.update(data_root='', data_prefix=str(folder), with_label=False)
        data.ann_file = str(args.work_dir / 'all.txt')
        data.pipeline.insert(2, dict(type='RandomFlip', prob=0.5))
        cfg.train_dataloader.num_workers = 0
        set_loader_defaults(cfg.train_dataloader)
        for name in ('val', 'test'):
            cfg.update({f'{name}_{part}': None for part in ('dataloader', 'evaluator', 'cfg')})
        cfg.train_cfg.max_epochs = args.epochs
        cfg.default_hooks.memory_bank.knn_interval = 0
        cfg.default_hooks.checkpoint.interval = args.epochs
        Runner.from_cfg(Config(cfg.to_dict())).train()
    return checkpoint


def hash_neighbors(paths: list[str]) -> Neighbors:
    """Return all neighbors by perceptual hash, with 1 - distance / 64 as similarity."""
    import imagehash

    hashes = [imagehash.phash(Image.open(path)).hash.flatten() for path in paths]
    bits = torch.from_numpy(np.stack(hashes)).float() * 2 - 1
    return all_neighbors(bits / 8, k=10, exact_rows=len(paths))


def score(groups: list[list[int]], names: list[str], planted: dict) -> list[float]:
    """Return the precision over all pairs, and the recall of each kind."""
    found = {
        tuple(sorted((names[i], names[j]))) for rows in groups for i, j in combinations(rows, 2)
    }
    precision = len(found & set(planted)) / max(len(found), 1)
    recalls = []
    for kind in KINDS:
        pairs = [pair for pair, each in planted.items() if each == kind]
        recalls.append(sum(pair in found for pair in pairs) / len(pairs))
    return [precision, *recalls]


def best(neighbors: Neighbors, names: list[str], planted: dict) -> tuple[float, list[float]]:
    """Return the limit with the largest F1, and the score there."""

    def f1(values: list[float]) -> float:
        precision, recall = values[0], sum(values[1:]) / len(KINDS)
        return 2 * precision * recall / max(precision + recall, 1e-9)

    scored = []
    for limit in np.unique(neighbors.similarity[:, 0].numpy().round(3))[::-1][:400]:
        pairs = similar_pairs(neighbors, float(limit) - 1e-6).indices
        if len(pairs) > MAX_PAIRS * len(planted):
            break  # lower limits are less precise still
        scored.append((float(limit), score(duplicate_groups(pairs, len(names)), names, planted)))
    return max(scored, key=lambda each: f1(each[1]))


def main() -> None:
    """Plant, train and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=Path, help='folder of images; default: the digits')
    parser.add_argument('--limit', type=int, default=5000, help='images to take')
    parser.add_argument('--share', type=float, default=0.05, help='share of images with a copy')
    parser.add_argument('--epochs', type=int, default=12)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/planted'))
    args = parser.parse_args()
    source = args.images or write_digits(args.work_dir / 'digits') / 'train'
    paths = sorted(path for path in source.rglob('*') if path.suffix in ('.png', '.jpg'))
    paths = paths[:: max(1, len(paths) // args.limit)][: args.limit]
    # a folder for each set of images, as files of another one would remain in it
    folder = args.work_dir / f'planted_{len(paths)}_{args.share}_{args.seed}'
    planted = plant(paths, folder, args.share, args.seed)
    checkpoint = train(args, folder)
    images = read_image_set(checkpoint, images=folder)
    names = [Path(path).name for path in images.paths]
    rows = []

    def add(name: str, values: list[float]) -> None:
        rows.append([name, *(f'{value:.2f}' for value in values)])

    for limit in (0.95, 0.9):
        report = curate(images, min_cosine=limit)
        add(f'npid curate --min-cosine {limit}', score(report.groups, names, planted))
    images.own = None
    add('without P(i|f), 0.9', score(curate(images).groups, names, planted))
    for name, table in (
        ('cosine alone', all_neighbors(images.rows)),
        ('perceptual hash', hash_neighbors(images.paths)),
    ):
        limit, values = best(table, names, planted)
        add(f'{name}, best limit {limit:.3f}', values)
    print(f'{len(paths)} images, {len(planted)} copies, {args.epochs} epochs, seed {args.seed}\n')
    print_table(['method', 'precision', *(f'recall, {kind}' for kind in KINDS)], rows)


if __name__ == '__main__':
    main()
