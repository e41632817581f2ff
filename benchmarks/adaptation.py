"""Adapt a network of five digits to the other five; compare with scratch and with no adaptation.

python benchmarks/adaptation.py [--seeds 3] [--source-epochs 8] [--epochs 4] [--work-dir DIR]
"""

import argparse
import statistics
import sys
from contextlib import redirect_stdout
from pathlib import Path

import torch

import npid_mm
from npid_mm.datasets import write_digits
from npid_mm.evaluation import weighted_knn

SOURCE, TARGET = '01234', '56789'
K = 10
SETTINGS = {
    'model': 'resnet18-w16',
    'image_size': 16,
    'workers': 0,
    'labels': False,
    'default_hooks.label_free.views': 0,
}


def folders(digits: Path, part: str, classes: str) -> list[Path]:
    """List the folders of some classes."""
    return [digits / part / name for name in classes]


def accuracy(run: npid_mm.Run, digits: Path) -> float:
    """Classify held-out images of the target classes by kNN, in percent."""
    rows, labels = [], []
    for part in ('train', 'val'):
        found = npid_mm.embed(run, folders(digits, part, TARGET), workers=0)
        rows.append(torch.from_numpy(found.vectors).float())
        labels.append(torch.tensor([int(Path(path).parent.name) for path in found.paths]))
    scores = weighted_knn(rows[1], rows[0], labels[0], K)
    return 100 * (scores.argmax(1) == labels[1]).float().mean().item()


def measure(args: argparse.Namespace, digits: Path, seed: int) -> dict[str, float]:
    """Return the accuracies of one seed."""
    out = args.work_dir / f'seed{seed}'
    source, target = (folders(digits, 'train', classes) for classes in (SOURCE, TARGET))
    options = {**SETTINGS, 'seed': seed, 'resume': True}
    start = npid_mm.pretrain(source, out / 'source', epochs=args.source_epochs, **options)
    scratch = npid_mm.pretrain(target, out / 'scratch', epochs=args.epochs, **options)
    adapted = npid_mm.pretrain(
        target, out / 'adapted', epochs=args.epochs, weights=start.checkpoint, **options
    )
    runs = {'not adapted': start, 'from scratch': scratch, 'adapted': adapted}
    return {name: accuracy(run, digits) for name, run in runs.items()}


def main() -> None:
    """Measure all seeds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--source-epochs', type=int, default=8)
    parser.add_argument('--epochs', type=int, default=4)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/adaptation'))
    args = parser.parse_args()
    torch.set_num_threads(1)
    digits = write_digits(args.work_dir / 'digits')
    with redirect_stdout(sys.stderr):  # logs of the trainings
        found = [measure(args, digits, seed) for seed in range(args.seeds)]
    seeds = ' | '.join(f'seed {seed}' for seed in range(args.seeds))
    print(f'| kNN top-1 (%), held out | mean | {seeds} |')
    print('| --- ' * (args.seeds + 2) + '|')
    for name in found[0]:
        values = [figures[name] for figures in found]
        shown = ' | '.join(f'{value:.1f}' for value in (statistics.mean(values), *values))
        print(f'| {name} | {shown} |')


if __name__ == '__main__':
    main()
