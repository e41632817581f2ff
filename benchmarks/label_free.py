"""Compare the measures without labels with held-out kNN over a grid of trainings on the digits.

    python benchmarks/label_free.py [--epochs 6] [--seeds 1] [--work-dir work_dirs/label_free]

The grid has two learning rates, three temperatures and two strengths of augmentation, of a network
with 8 channels on half of the training images. The table has Spearman's rank correlation of each
measure after the last epoch with the accuracy of kNN from the bank (K = 10) on the held-out digits.
"""

import argparse
import sys
from itertools import product
from pathlib import Path

from digits import AFFINE, BRIGHTNESS, print_table
from mmengine.config import Config
from mmengine.runner import Runner
from scipy.stats import spearmanr

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.config.read_config import read_config
from npid_mm.config.validation import LABEL_FREE
from npid_mm.datasets import split_folder, write_digits
from npid_mm.utils.paths import MIM
from npid_mm.visualization import read_run

CONFIG = MIM / 'configs/selfsup/npid/npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'
ACCURACY = 'knn/top1_k10'
RATES = (3e-4, 3e-3)
TEMPERATURES = (0.07, 0.3, 1.0)
MILD = {
    f'{AFFINE}.degrees': 5,
    f'{AFFINE}.translate': (0.04, 0.04),
    f'{AFFINE}.scale': (0.95, 1.05),
    f'{AFFINE}.shear': 0,
    BRIGHTNESS.partition('=')[0]: 0.0,
}


def train(args: argparse.Namespace, name: str, seed: int, changes: dict) -> dict[str, float]:
    """Train once, unless it is done already; return the last value of each measure."""
    work_dir = args.work_dir / f'{name}_seed{seed}'
    if not (work_dir / f'epoch_{args.epochs}.pth').exists():
        cfg = read_config(CONFIG)
        cfg.merge_from_dict(changes)
        cfg.update(
            work_dir=str(work_dir), randomness=dict(seed=seed), experiment_name=work_dir.name
        )
        cfg.log_level = 'WARNING'
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            data = loader.dataset.get('dataset', loader.dataset)
            data.data_root = str(args.work_dir / 'digits')
            loader.num_workers = 0
            set_loader_defaults(loader)
        cfg.train_dataloader.dataset.fraction = args.fraction
        cfg.model.backbone.update(stem_channels=8, base_channels=8)
        cfg.model.neck.in_channels = 64
        cfg.train_cfg.update(max_epochs=args.epochs, val_interval=args.epochs)
        cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
        cfg.default_hooks.memory_bank.knn_interval = 0
        cfg.default_hooks.checkpoint.interval = args.epochs
        Runner.from_cfg(Config(cfg.to_dict())).train()
    return {name: values[-1] for name, (_, values) in read_run(work_dir).items()}


def main() -> None:
    """Train the grid and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--epochs', type=int, default=6)
    parser.add_argument('--fraction', type=float, default=0.5, help='share of the training images')
    parser.add_argument('--seeds', type=int, default=1)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/label_free'))
    args = parser.parse_args()
    digits = args.work_dir / 'digits'
    if not digits.exists():
        write_digits(digits)
        split_folder(digits, digits)
    names = ['loss', *LABEL_FREE]
    rows, figures = [], []
    grid = product(range(args.seeds), RATES, TEMPERATURES, ('recipe', 'mild'))
    for seed, rate, temperature, augmentation in grid:
        changes = {'optim_wrapper.optimizer.lr': rate, 'model.head.temperature': temperature}
        changes |= MILD if augmentation == 'mild' else {}
        name = f'{rate:g}_{temperature:g}_{augmentation}'
        figures.append(train(args, name, seed, changes))
        values = [figures[-1][each] for each in (ACCURACY, *names)]
        settings = [f'{rate:g}', f'{temperature:g}', augmentation, str(seed)]
        rows.append(settings + [f'{value:.2f}' for value in values])
        print(' '.join(rows[-1]), file=sys.stderr, flush=True)
    print_table(['lr', 'tau', 'augmentation', 'seed', 'kNN (%)', *names], rows)
    accuracy = [each[ACCURACY] for each in figures]
    correlations = [
        [name, f'{spearmanr([each[name] for each in figures], accuracy).statistic:.2f}']
        for name in names
    ]
    print_table(['measure', 'rank correlation with kNN'], correlations)


if __name__ == '__main__':
    main()
