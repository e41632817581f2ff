"""Training images per second and core, compared with mmselfsup 1.0.0's NPID pipeline.

    python benchmarks/feed.py --images FOLDER --peer-python PATH/TO/PYTHON/WITH/MMSELFSUP

FOLDER holds JPEGs (those of ImageNet, to compare with other reports). One process with one thread
reads all of them with each pipeline in turn, for several rounds. The table shows the median and the
median of the ratios within a round. The cost of a batch on the training device is printed apart.
"""

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS
from peer_process import PeerProcess
from rich.console import Console
from rich.table import Table
from torch.utils.data import Dataset

import npid_mm  # noqa: F401, registers the transforms

DATA = Path(__file__).resolve().parents[1] / 'configs' / 'selfsup' / '_base_' / 'datasets'
PEER = 'MMSelfSup 1.0.0, per image'
OURS = 'npid_mm, imagenet.py'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=Path, required=True, help='folder of JPEGs')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--peer-python', help='Python with mmselfsup==1.0.0; skipped by default')
    return parser.parse_args()


def our_dataset(config: str, images: Path, ann_file: Path) -> Dataset:
    """Build the training set of a config for a list of images, seeded as in training."""
    cfg = Config.fromfile(DATA / config).train_dataloader.dataset
    cfg.dataset = dict(
        type='CustomDataset',
        data_root=str(images),
        ann_file=str(ann_file),
        pipeline=cfg.dataset.pipeline,
    )
    dataset = DATASETS.build(cfg)
    dataset.seed_samples(0, 0)
    return dataset


def read_all(dataset: Dataset) -> float:
    """Seconds of one pass."""
    start = time.perf_counter()
    for index in range(len(dataset)):
        dataset[index]
    return time.perf_counter() - start


def decode_all(paths: list[Path]) -> float:
    """Seconds to decode all images in full."""
    start = time.perf_counter()
    for path in paths:
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return time.perf_counter() - start


def batch_cost(dataset, device: str, rounds: int) -> float:
    """Median seconds to move a batch of 32 to the device, augment and normalize it."""
    cfg = Config.fromfile(DATA / 'imagenet.py').data_preprocessor
    preprocessor = MODELS.build(cfg).to(device)
    batch = default_collate([dataset[index % len(dataset)] for index in range(32)])
    seconds = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        preprocessor(batch, True)['inputs'].flatten()[0].item()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[2:])


def main() -> None:
    """Run all rounds and print the table."""
    args = parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    init_default_scope('mmpretrain')
    images = args.images.resolve()
    jpegs = ('.jpg', '.jpeg')
    paths = sorted(path for path in images.iterdir() if path.suffix.lower() in jpegs)
    if not paths:
        raise SystemExit(f'no JPEG in {args.images}')
    with tempfile.TemporaryDirectory() as folder:
        ann_file = Path(folder) / 'train.txt'
        ann_file.write_text(''.join(f'{path.name} 0\n' for path in paths))
        fast = our_dataset('imagenet.py', images, ann_file)
        runs = {'decoding alone': partial(decode_all, paths)}
        if args.peer_python:
            peer = PeerProcess(args.peer_python, 'mmselfsup_feed.py', images, ann_file)
            runs[PEER] = peer.ask
        runs['npid_mm, imagenet_per-image.py'] = partial(
            read_all, our_dataset('imagenet_per-image.py', images, ann_file)
        )
        runs[OURS] = partial(read_all, fast)
        seconds = {name: [] for name in runs}
        for number in range(args.rounds + 1):
            for name, run in runs.items():
                taken = run()
                if number:  # the first warms up
                    seconds[name].append(taken)
        if args.peer_python:
            peer.close()
        cost = batch_cost(fast, args.device, args.rounds)

    table = Table(title=f'{len(paths)} JPEGs to 224 x 224, one core, {args.rounds} rounds')
    for column in ('pipeline', 'images / s', 'x peer'):
        table.add_column(column, justify='left' if column == 'pipeline' else 'right')
    for name, values in seconds.items():
        ratio = '-'
        if args.peer_python:
            pairs = zip(seconds[PEER], values, strict=True)
            ratio = f'{statistics.median(theirs / ours for theirs, ours in pairs):.1f}'
        table.add_row(name, f'{len(paths) / statistics.median(values):.0f}', ratio)
    Console(width=110).print(table)
    kind = torch.cuda.get_device_name() if args.device != 'cpu' else 'one CPU thread'
    print(f'augmenting a batch of 32 on {kind}: {1e3 * cost:.1f} ms, {32 / cost:.0f} images / s')


if __name__ == '__main__':
    main()
