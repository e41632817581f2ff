"""Report a training on all of CIFAR-10: its curve, and its accuracies beside those of raw pixels.

    python benchmarks/cifar10_run.py work_dirs/RUN

The work dir is that of a training of npid-exact_resnet18-w24_1xb128-coslr-100e_cifar10-images or of
another config with CIFAR-10 in files. Figures are of its newest checkpoint, so it need not be done.
"""

import argparse
import json
from pathlib import Path

import torch
from cifar10 import TEMPERATURE, K, accuracies, print_row
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor
from torch.nn.functional import normalize

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.convert.npid_state import BANK
from npid_mm.config.loaders import set_loader_defaults
from npid_mm.datasets import dataset_labels
from npid_mm.engine.features import dataset_features
from npid_mm.engine.inference import load_network, untrained_network
from npid_mm.engine.resume import checkpoint_progress, newest_checkpoint
from npid_mm.evaluation import weighted_knn
from npid_mm.visualization.scalars import read_run

SPLITS = ('train', 'test')


def loaders(cfg: Config) -> dict:
    """Return the loaders of the training images and of the test images, without augmentation."""
    built = {}
    for split, loader in zip(SPLITS, (cfg.test_cfg.reference, cfg.test_dataloader), strict=True):
        set_loader_defaults(loader)
        built[split] = Runner.build_dataloader(loader)
    return built


def raw_pixels(loader: torch.utils.data.DataLoader) -> Tensor:
    """Return the pixels of all images as unit rows, after the subtraction of one half."""
    rows = [batch['inputs'].flatten(1).float() / 255 - 0.5 for batch in loader]
    return normalize(torch.cat(rows))


def top1(rows: Tensor, reference: Tensor, labels: dict[str, Tensor]) -> float:
    """Return the top-1 (%) of kNN on the test images."""
    scores = weighted_knn(rows, reference, labels['train'], K, TEMPERATURE)
    return 100 * (scores.argmax(1) == labels['test']).double().mean().item()


def starts(folder: Path) -> list[str]:
    """Return time and epoch of each start of the training, from the names of its logs."""
    found = []
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        epochs = [record['epoch'] for record in records if 'loss' in record]
        if epochs:
            date, time = path.parts[-3].split('_')
            found.append(
                f'{date[:4]}-{date[4:6]}-{date[6:]} {time[:2]}:{time[2:4]} in epoch {epochs[0]}'
            )
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('work_dir', type=Path)
    folder = parser.parse_args().work_dir
    (path,) = folder.glob('*.py')
    cfg, checkpoint = Config.fromfile(path), newest_checkpoint(folder)
    init_default_scope('mmpretrain')
    built = loaders(cfg)
    labels = {split: dataset_labels(loader.dataset) for split, loader in built.items()}
    epochs, curve = read_run(folder)[f'knn/top1_k{K}']
    print_row('epoch', *(f'{epoch:.0f}' for epoch in epochs))
    print_row(*['---'] * (len(epochs) + 1))
    print_row(f'kNN, K = {K}', *(f'{value:.1f}' for value in curve))
    print(f'\nStarts (UTC): {"; ".join(starts(folder))}.\n')
    print_row('features', f'kNN, K = {K}', 'linear SVM')
    print_row(*['---'] * 3)
    pixels = {split: raw_pixels(loader) for split, loader in built.items()}
    print_row('raw pixels', f'{top1(pixels["test"], pixels["train"], labels):.1f}', '')
    epoch = checkpoint_progress(checkpoint).epoch
    own = load_network(cfg, checkpoint)
    for name, model in (
        ('untrained', untrained_network(cfg, seed=0)),
        (f'NPID after {epoch} of {cfg.train_cfg.max_epochs} epochs', own),
    ):
        figures = accuracies(cfg, model)
        print_row(name, f'{figures["knn"]:.1f}', f'{figures["svm"]:.1f}')
    rows = dataset_features(own, built['test'], 'embedding').cpu()
    bank = load_tensors(checkpoint)['state_dict'][BANK].float()
    print_row('the same, neighbors from the memory bank', f'{top1(rows, bank, labels):.1f}', '')


if __name__ == '__main__':
    main()
