"""Report a training on all of CIFAR-10: its curve, and its accuracies beside those of raw pixels.

    python benchmarks/cifar10_run.py work_dirs/RUN

The work dir is that of a training of npid-exact_resnet18-w24_1xb128-coslr-100e_cifar10-images or of
another config with CIFAR-10 in files. Figures are of its newest checkpoint, so it need not be done.
"""

import argparse
import json
import logging
from pathlib import Path

import torch
from cifar10 import TEMPERATURE, K, print_row
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpretrain.registry import MODELS
from sklearn.svm import LinearSVC
from torch import Tensor
from torch.nn.functional import normalize

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.datasets import dataset_labels
from npid_mm.engine.features import dataset_features
from npid_mm.engine.resume import checkpoint_progress, newest_checkpoint
from npid_mm.evaluation import weighted_knn
from npid_mm.models import NPID
from npid_mm.visualization.scalars import read_run

SPLITS = ('train', 'test')


def build(cfg: Config, seed: int = 0) -> NPID:
    """Return the untrained network of a config."""
    torch.manual_seed(seed)
    model = MODELS.build({**cfg.model, 'data_preprocessor': cfg.data_preprocessor})
    logging.disable()  # a line for each weight
    model.init_weights()
    logging.disable(logging.NOTSET)
    return model.to('cuda' if torch.cuda.is_available() else 'cpu').eval()


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
    epochs, accuracies = read_run(folder)[f'knn/top1_k{K}']
    print_row('epoch', *(f'{epoch:.0f}' for epoch in epochs))
    print_row(*['---'] * (len(epochs) + 1))
    print_row(f'kNN, K = {K}', *(f'{value:.1f}' for value in accuracies))
    print(f'\nStarts (UTC): {"; ".join(starts(folder))}.\n')
    print_row('features', f'kNN, K = {K}', 'linear SVM')
    print_row(*['---'] * 3)
    pixels = {split: raw_pixels(loader) for split, loader in built.items()}
    print_row('raw pixels', f'{top1(pixels["test"], pixels["train"], labels):.1f}', '')
    model = build(cfg)
    trained = (
        f'NPID after {checkpoint_progress(checkpoint).epoch} of {cfg.train_cfg.max_epochs} epochs'
    )
    for name in ('untrained', trained):
        if name == trained:
            load_checkpoint(model, str(checkpoint), map_location='cpu', logger='silent')
        rows = {
            split: dataset_features(model, loader, 'embedding').cpu()
            for split, loader in built.items()
        }
        svm = LinearSVC(random_state=0).fit(rows['train'], labels['train'])
        score = 100 * svm.score(rows['test'], labels['test'])
        print_row(name, f'{top1(rows["test"], rows["train"], labels):.1f}', f'{score:.1f}')
    bank = model.memory_bank.feature_bank.cpu().float()
    print_row(
        'the same, neighbors from the memory bank', f'{top1(rows["test"], bank, labels):.1f}', ''
    )


if __name__ == '__main__':
    main()
