"""Run the recipes of the digits over seeds, and that of plain ones with one setting changed.

python benchmarks/digits.py --scattered [--seeds 3]    the quickstart
python benchmarks/digits.py [--ablation-epochs 12]     plain digits
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from mmengine.fileio import load

from npid_mm.datasets import write_digits

CONFIG = 'npid-exact_resnet18-w16_1xb32-coslr-60e_digits'
QUICKSTART = Path(__file__).resolve().parents[1] / 'tools' / 'quickstart.py'
AFFINE = 'train_dataloader.dataset.dataset.pipeline.3'
BRIGHTNESS = 'train_dataloader.dataset.dataset.pipeline.4.brightness=0.0'
ABLATIONS = {
    'the recipe': [],
    'bank from random rows': ['model.memory_bank.init=random'],
    'bank momentum 0.5': ['model.memory_bank.momentum=0.5'],
    'bank momentum 1 (the paper)': ['model.memory_bank.momentum=1.0'],
    'tau 0.2': ['model.head.temperature=0.2'],
    'tau 0.07': ['model.head.temperature=0.07'],
    'NCE, M = 1024, tau 0.3': [
        'model.head.type=NCEHead',
        'model.head.num_negatives=1024',
    ],
    'no shear': [f'{AFFINE}.shear=0'],
    'mild augmentation': [
        f'{AFFINE}.degrees=5',
        f'{AFFINE}.translate=(0.04,0.04)',
        f'{AFFINE}.scale=(0.95,1.05)',
        f'{AFFINE}.shear=0',
        BRIGHTNESS,
    ],
    'SGD 0.03, momentum 0.9': [
        'optim_wrapper.optimizer.type=SGD',
        'optim_wrapper.optimizer.lr=0.03',
        'optim_wrapper.optimizer.weight_decay=5e-4',
        'optim_wrapper.optimizer.momentum=0.9',
    ],
}


def quickstart(work_dir: Path, seed: int, options: list[str], *arguments: str) -> dict:
    """Run the quickstart and return its figures."""
    command = [sys.executable, QUICKSTART, '--work-dir', work_dir, '--seed', str(seed), *arguments]
    if options:
        command += ['--cfg-options', *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return load(work_dir / 'results.json')


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    for row in (header, ['---'] * len(header), *rows):
        print('| ' + ' | '.join(row) + ' |')
    print(flush=True)


def percent(value: float) -> str:
    """Format a fraction as a percentage."""
    return f'{100 * value:.2f}'


def plain_digits(args: argparse.Namespace) -> list[str]:
    """Return the arguments of the quickstart for plain digits."""
    return ['--data', write_digits(args.work_dir / 'digits'), '--config', CONFIG]


def over_seeds(args: argparse.Namespace) -> None:
    """Run a full recipe over seeds."""
    name, arguments = ('scattered', []) if args.scattered else ('seed', plain_digits(args))
    runs = [
        quickstart(args.work_dir / f'{name}{seed}', seed, [], *arguments)
        for seed in range(args.seeds)
    ]
    rows = [
        [name, percent(statistics.mean(run[name] for run in runs))]
        + [percent(run[name]) for run in runs]
        for name in runs[0]
    ]
    print_table(['top-1 (%), held out', 'mean', *(f'seed {s}' for s in range(args.seeds))], rows)


def ablate(args: argparse.Namespace) -> None:
    """Run shorter trainings with one setting changed at a time."""
    rows = []
    for number, (name, options) in enumerate(ABLATIONS.items()):
        runs = [
            quickstart(
                args.work_dir / f'ablation{number}_{seed}',
                seed,
                options,
                *('--epochs', str(args.ablation_epochs)),
                *plain_digits(args),
            )
            for seed in range(args.seeds)
        ]
        columns = ('kNN, NPID from the bank', 'kNN, NPID recomputed')
        rows.append(
            [name, *(percent(statistics.mean(run[each] for run in runs)) for each in columns)]
        )
    print_table([f'{args.ablation_epochs} epochs, mean of seeds', 'bank', 'recomputed'], rows)


def main() -> None:
    """Run the table of the quickstart, or both tables of plain digits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--scattered', action='store_true', help="the quickstart's recipe")
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--ablation-epochs', type=int, default=12)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/digits'))
    args = parser.parse_args()
    over_seeds(args)
    if not args.scattered:
        ablate(args)


if __name__ == '__main__':
    main()
