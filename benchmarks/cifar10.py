"""Repeat the paper's table of losses on CIFAR-10: train, then kNN and a linear SVM.

    python benchmarks/cifar10.py                        the paper's recipe, 200 epochs; a GPU's work
    python benchmarks/cifar10.py --scaled --seeds 3     a small network on a tenth of the images

Every run trains with tools/train.py and resumes from its newest checkpoint, and finished runs are
not repeated, so the command can be stopped and started again.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.fileio import dump, load
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpretrain.registry import MODELS
from sklearn.svm import LinearSVC

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.datasets import dataset_labels
from npid_mm.engine.features import dataset_features
from npid_mm.evaluation import weighted_knn
from npid_mm.models import NPID
from npid_mm.suites.metafile import read_published

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs' / 'selfsup' / 'npid'
EXACT, NCE, PARAMETRIC = (
    CONFIGS / f'npid{loss}_resnet18_1xb128-steplr-200e_cifar10.py'
    for loss in ('-exact', '-nce4096', '-parametric')
)
FEEDS = ('per batch', 'per image')
PER_IMAGE = CONFIGS.parent / '_base_' / 'datasets' / 'cifar10_per-image.py'
# name of a row, as in the metafile: config, options
ROWS = {
    'parametric softmax': (PARAMETRIC, {}),
    'NCE, m = 1': (NCE, {'model.head.num_negatives': 1}),
    'NCE, m = 10': (NCE, {'model.head.num_negatives': 10}),
    'NCE, m = 512': (NCE, {'model.head.num_negatives': 512}),
    'NCE, m = 4096': (NCE, {}),
    'exact softmax': (EXACT, {}),
}
K, TEMPERATURE = 200, 0.1
# The scaled protocol: a tenth of the images, a quarter of the width, a second stride, 30 epochs,
# and small batches for enough steps
SCALED = {
    'train_dataloader.dataset.fraction': 0.1,
    'train_dataloader.batch_size': 32,
    'model.backbone.stem_channels': 16,
    'model.backbone.base_channels': 16,
    'model.backbone.strides': (2, 2, 2, 2),
    'model.neck.in_channels': 128,
    'model.channels_last': True,
    'train_cfg.max_epochs': 30,
    'param_scheduler.milestones': [18, 24],
    'train_cfg.val_interval': 30,
}
# Z of the first batch is estimated from random rows, far from that of features. It makes short runs
# unstable, increasingly with m, so Z is an average here.
SCALED_ROWS = {
    'parametric softmax': {'model.head.length': 5000},
    **{row: {'model.head.z_momentum': 0.1} for row in ROWS if row.startswith('NCE')},
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=Path, help='CIFAR-10 as train/CLASS/* and test/CLASS/*')
    parser.add_argument('--scaled', action='store_true', help='small protocol, for CPUs')
    parser.add_argument('--seeds', type=int, default=1)
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=list(ROWS), metavar='ROW')
    parser.add_argument(
        '--feeds', action='store_true', help='instead: the exact softmax with either data feed'
    )
    parser.add_argument('--workers', type=int, default=4, help='processes that load images')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/cifar10'))
    return parser.parse_args()


def use_folder(cfg: Config, images: Path) -> None:
    """Read the images from files instead of MMPretrain's CIFAR-10: BGR instead of RGB."""
    cfg.data_preprocessor.bgr_to_rgb = True
    for split, holder in (
        ('train', cfg.train_dataloader.dataset),
        ('train', cfg.test_cfg.reference),
        ('test', cfg.val_dataloader),
        ('test', cfg.test_dataloader),
    ):
        pipeline = holder.dataset.pipeline
        if pipeline[0].type != 'LoadRandomResizedCrop':
            pipeline = [dict(type='LoadImage'), *pipeline]
        for step in pipeline:
            if step['type'] == 'NumpyToPIL':
                step.update(to_rgb=True)
            elif step['type'] == 'PILToNumpy':
                step.update(to_bgr=True)
        holder.dataset = dict(
            type='CustomDataset',
            data_root=str(images),
            data_prefix=split,
            pipeline=pipeline,
        )


def make_config(args: argparse.Namespace, row: str, feed: str, seed: int, work_dir: Path) -> Config:
    """Return the config of one run."""
    path, options = ROWS[row]
    cfg = Config.fromfile(path)
    if feed == 'per image':
        slow = Config.fromfile(PER_IMAGE)
        cfg.data_preprocessor = slow.data_preprocessor
        cfg.train_dataloader.dataset.dataset.pipeline = (
            slow.train_dataloader.dataset.dataset.pipeline
        )
    cfg.merge_from_dict(options)
    if args.scaled:
        cfg.merge_from_dict(SCALED | SCALED_ROWS.get(row, {}))
    if args.images:
        use_folder(cfg, args.images.resolve())
    # the neighbors are the training images
    reference = cfg.test_cfg.reference
    reference.dataset = dict(
        type='InstanceDataset',
        dataset=reference.dataset,
        fraction=cfg.train_dataloader.dataset.get('fraction', 1.0),
    )
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader, reference):
        loader.num_workers = args.workers
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    cfg.randomness = dict(seed=seed)
    cfg.work_dir = str(work_dir)
    return cfg


def evaluate(cfg: Config, checkpoint: Path) -> dict[str, float]:
    """Return :func:`accuracies` of a checkpoint."""
    init_default_scope('mmpretrain')
    model = MODELS.build({'data_preprocessor': cfg.data_preprocessor, **cfg.model})
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    return accuracies(cfg, model.to('cuda' if torch.cuda.is_available() else 'cpu'))


def accuracies(cfg: Config, model: NPID) -> dict[str, float]:
    """Return top-1 (%) of kNN and of a linear SVM on the embeddings of the held-out images."""
    model.eval()
    rows, labels = {}, {}
    for split, loader in (('train', cfg.test_cfg.reference), ('test', cfg.test_dataloader)):
        set_loader_defaults(loader)
        built = Runner.build_dataloader(loader)
        rows[split] = dataset_features(model, built, 'embedding').cpu()
        labels[split] = dataset_labels(built.dataset)
    scores = weighted_knn(rows['test'], rows['train'], labels['train'], K, TEMPERATURE)
    svm = LinearSVC(random_state=0).fit(rows['train'], labels['train'])
    return {
        'svm': 100 * svm.score(rows['test'], labels['test']),
        'knn': 100 * (scores.argmax(1) == labels['test']).double().mean().item(),
    }


def protocol_of(cfg: Config) -> tuple:
    """Return the settings that determine the figures of a run."""
    loader = cfg.train_dataloader
    return (
        cfg.model,
        cfg.data_preprocessor,
        cfg.optim_wrapper,
        cfg.param_scheduler,
        cfg.train_cfg,
        cfg.randomness,
        loader.batch_size,
        loader.dataset.get('fraction'),
        loader.dataset.dataset.pipeline,
    )


def run(args: argparse.Namespace, row: str, feed: str, seed: int) -> dict[str, float]:
    """Train and evaluate one run, or read its figures if it is finished."""
    protocol = 'scaled' if args.scaled else 'full'
    name = f'{row}, {feed}, {protocol}, seed {seed}'
    work_dir = args.work_dir / name.replace(', ', '_').replace(' = ', '').replace(' ', '-')
    results = work_dir / 'results.json'
    cfg = make_config(args, row, feed, seed, work_dir)
    path = work_dir / 'run.py'
    if path.exists() and protocol_of(Config.fromfile(path)) != protocol_of(cfg):
        raise SystemExit(f'{work_dir} holds a run with other settings: remove it')
    if not results.exists():
        print(name, file=sys.stderr, flush=True)
        work_dir.mkdir(parents=True, exist_ok=True)
        cfg.dump(path)
        with open(work_dir / 'output.txt', 'a') as output:
            command = [sys.executable, ROOT / 'tools' / 'train.py', path, '--resume']
            subprocess.run(command, check=True, stdout=output, stderr=subprocess.STDOUT)
        figures = evaluate(cfg, work_dir / f'epoch_{cfg.train_cfg.max_epochs}.pth')
        dump(figures, results, backend_args=dict(backend='atomic'))
    return load(results)


def cell(runs: list[dict], column: str) -> str:
    """Format mean and standard deviation over seeds."""
    values = [each[column] for each in runs]
    spread = f' ± {statistics.stdev(values):.1f}' if len(values) > 1 else ''
    return f'{statistics.mean(values):.1f}{spread}'


def print_row(*cells: str) -> None:
    """Print one line of a Markdown table."""
    print('| ' + ' | '.join(cells) + ' |', flush=True)


def main() -> None:
    """Print the table."""
    args = parse_args()
    seeds = range(args.seeds)
    if args.feeds:
        print_row('exact softmax', 'linear SVM', 'kNN')
        print_row(*['---'] * 3)
        for feed in FEEDS:
            runs = [run(args, 'exact softmax', feed, seed) for seed in seeds]
            print_row(f'augmented {feed}', cell(runs, 'svm'), cell(runs, 'knn'))
        return
    published = {each.source: each.figures for each in read_published(ROOT)}
    print_row('training', 'SVM, published', 'kNN, published', 'SVM, here', 'kNN, here')
    print_row(*['---'] * 5)
    for row in args.rows:
        runs = [run(args, row, 'per batch', seed) for seed in seeds]
        figures = published[f'paper, {row}']
        cells = [str(figures[column]) for column in ('linear SVM', 'kNN')]
        print_row(row, *cells, cell(runs, 'svm'), cell(runs, 'knn'))


if __name__ == '__main__':
    main()
