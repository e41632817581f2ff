"""Plant copies among images, embed all of them, and count how many copies are found.

    python benchmarks/planted_copies.py [--images FOLDER] [--limit 5000] [--share 0.05]
    python benchmarks/planted_copies.py --images FOLDER --checkpoint FILE --config FILE

The images are the digits, or those of a folder. A share of them gets one copy each; the kinds of
copies take turns: JPEG of quality 30, cropped by 10 % of each side, mirrored, resized to two
thirds, brightened by 30 %. The network of the plain digits trains on all images, mirrored at random
too; or a trained network embeds them. A pair of images is found if they are in one group. Recall is
the share of the copies of a kind that are in a group with their original; precision is the share of
the pairs in groups that are planted. Both are given for the default limits of `npid curate`, and
for cosine alone and the perceptual hash of imagehash at the limit with the largest F1, chosen with
the truth.

A set may have copies of its own. The pairs that a method finds and that are not planted are written
to `others.csv`, to look at. `--known` names a file of such copies, a group per line, which count
neither for nor against a method. `cifar10_copies.csv` has those that were found by eye among every
tenth training image of CIFAR-10.
"""

import argparse
import csv
import io
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from digits import print_table
from label_free import CONFIG
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image, ImageEnhance

from npid_mm.api.run_folder import find_run
from npid_mm.config.loaders import set_loader_defaults
from npid_mm.config.read_config import read_config
from npid_mm.curation import (
    ImageSet,
    Neighbors,
    all_neighbors,
    curate,
    duplicate_groups,
    read_image_set,
    similar_pairs,
)
from npid_mm.datasets import write_digits
from npid_mm.retrieval import build_index


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


def embed(args: argparse.Namespace, folder: Path) -> Path:
    """Embed the images of a folder with a trained network; return the index."""
    index = args.work_dir / f'index_{folder.name}'
    cfg, checkpoint = find_run(args.checkpoint, args.config)
    size = Image.open(next(folder.glob('[0-9]*'))).size
    # copies that are cropped or resized have another size
    cfg.test_dataloader.dataset.pipeline.insert(1, dict(type='Resize', scale=size))
    build_index(index, cfg, checkpoint, folder, num_workers=0)
    return index


def hash_neighbors(paths: list[str]) -> Neighbors:
    """Return all neighbors by perceptual hash, with 1 - distance / 64 as similarity."""
    import imagehash

    hashes = [imagehash.phash(Image.open(path)).hash.flatten() for path in paths]
    bits = torch.from_numpy(np.stack(hashes)).float() * 2 - 1
    return all_neighbors(bits / 8, k=10, exact_rows=len(paths))


class Truth(NamedTuple):
    """Names of the images, the planted pairs with their kinds, and other pairs of copies."""

    names: list[str]
    planted: dict[tuple[str, str], str]
    known: set[tuple[str, str]]

    def split(self, groups: list[list[int]]) -> tuple[set, set]:
        """Return the pairs in groups that are planted, and the others that are not known."""
        pairs = {
            tuple(sorted((self.names[i], self.names[j])))
            for rows in groups
            for i, j in combinations(rows, 2)
        }
        others = {
            pair
            for pair in pairs - set(self.planted)
            if tuple(sorted(name.removeprefix('copy_') for name in pair)) not in self.known
        }
        return pairs & set(self.planted), others

    def score(self, groups: list[list[int]]) -> list[float]:
        """Return the precision over all pairs, and the recall of each kind."""
        found, others = self.split(groups)
        recalls = []
        for kind in KINDS:
            pairs = [pair for pair, each in self.planted.items() if each == kind]
            recalls.append(sum(pair in found for pair in pairs) / len(pairs))
        return [len(found) / max(len(found) + len(others), 1), *recalls]


def read_known(path: Path | None, paths: list[Path]) -> set[tuple[str, str]]:
    """Return the pairs of the groups in a file, by the names that the images have here."""
    names = {'/'.join(each.parts[-2:]): f'{number:05}.png' for number, each in enumerate(paths)}
    lines = path.read_text().splitlines() if path else []
    groups = [sorted(names[each] for each in line.split(',') if each in names) for line in lines]
    return {pair for group in groups for pair in combinations(group, 2)}


def best(neighbors: Neighbors, truth: Truth) -> tuple[float, list[list[int]]]:
    """Return the limit with the largest F1, and the groups there."""

    def f1(groups: list[list[int]]) -> float:
        precision, *recalls = truth.score(groups)
        recall = sum(recalls) / len(KINDS)
        return 2 * precision * recall / max(precision + recall, 1e-9)

    found = []
    for limit in np.unique(neighbors.similarity[:, 0].numpy().round(3))[::-1][:400]:
        pairs = similar_pairs(neighbors, float(limit) - 1e-6).indices
        if len(pairs) > MAX_PAIRS * len(truth.planted):
            break  # lower limits are less precise still
        found.append((float(limit), duplicate_groups(pairs, len(truth.names))))
    return max(found, key=lambda each: f1(each[1]))


def find(images: ImageSet, truth: Truth) -> dict[str, list[list[int]]]:
    """Return the groups of each method."""
    found = {'npid curate': curate(images).groups}
    if images.own is not None:
        images.own = None
        found['npid curate without P(i\\|f)'] = curate(images).groups
    for name, table in (
        ('cosine alone', all_neighbors(images.rows)),
        ('perceptual hash', hash_neighbors(images.paths)),
    ):
        limit, groups = best(table, truth)
        found[f'{name}, best limit {limit:.3f}'] = groups
    return found


def main() -> None:
    """Plant, embed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=Path, help='folder of images; default: the digits')
    parser.add_argument('--limit', type=int, default=5000, help='images to take')
    parser.add_argument('--share', type=float, default=0.05, help='share of images with a copy')
    parser.add_argument('--checkpoint', help='trained network; default: train')
    parser.add_argument('--config', help='config of the checkpoint')
    parser.add_argument('--known', type=Path, help='groups of copies, by class and file')
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
    made = embed(args, folder) if args.checkpoint else train(args, folder)
    images = read_image_set(made, images=folder)
    names = [Path(path).name for path in images.paths]
    truth = Truth(names, planted, read_known(args.known, paths))
    found = find(images, truth)
    rows = [
        [name, *(f'{value:.2f}' for value in truth.score(groups))] for name, groups in found.items()
    ]
    trained = 'a trained network' if args.checkpoint else f'{args.epochs} epochs'
    print(f'{len(paths)} images, {len(planted)} copies, {trained}, seed {args.seed}')
    if args.known:
        print(f'{len(truth.known)} pairs of other copies are left out')
    print()
    print_table(['method', 'precision', *(f'recall, {kind}' for kind in KINDS)], rows)
    others = set().union(*(truth.split(groups)[1] for groups in found.values()))
    with open(args.work_dir / 'others.csv', 'w', newline='') as file:
        originals = [[int(name.removeprefix('copy_')[:5]) for name in pair] for pair in others]
        lines = {
            tuple('/'.join(paths[each].parts[-2:]) for each in sorted(pair)) for pair in originals
        }
        csv.writer(file).writerows(sorted(lines))


if __name__ == '__main__':
    main()
