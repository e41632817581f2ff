"""All measurements that need a GPU, in pieces that resume.

    python benchmarks/gpu.py [--minutes 8] [--images CIFAR10] [--peer-python PATH]

One call runs pieces until --minutes are over, prints the figures so far and what is left, and exits
with status 3 if something is. Call it again to continue: finished pieces are in
WORK_DIR/figures.json, and the training of the paper's CIFAR-10 row resumes from its checkpoint.
--images is CIFAR-10 as train/CLASS/* and test/CLASS/*, which is downloaded otherwise. PATH is an
interpreter with mmselfsup 1.0.0.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import cifar10
import torch
from head_step import DIM, NEGATIVES, Peer, make_step
from measure import extra_megabytes, seconds
from mmengine.config import Config
from mmengine.fileio import dump, load
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn.functional import normalize

from npid_mm.evaluation import nearest_neighbors

IMAGENET = cifar10.CONFIGS / 'npid-exact_resnet50_8xb32-steplr-200e_in1k.py'
ROW = 'exact softmax'  # of the paper's table on CIFAR-10
LEFT = 3  # exit status while pieces are left
Figures = dict[str, float]
Piece = Callable[[], Figures | None]  # None: not finished, to be continued by the next call


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--device', default='cuda')
    parser.add_argument('--minutes', type=float, default=8, help='time of one call')
    parser.add_argument('--images', type=Path, help='CIFAR-10 as train/CLASS/* and test/CLASS/*')
    parser.add_argument('--workers', type=int, default=8, help='processes that load CIFAR-10')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--peer-python', help='Python with mmselfsup 1.0.0; skipped by default')
    parser.add_argument('--toy', action='store_true', help='tiny sizes, to try the script')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/gpu'))
    return parser.parse_args()


def times(step: Callable, args: argparse.Namespace) -> Figures:
    """Median and fastest time, and peak memory, of a step."""
    memory = extra_megabytes(step, args.device)
    taken = [1e3 * seconds(step, args.device) for _ in range(args.rounds)]
    return {'median ms': statistics.median(taken), 'min ms': min(taken), 'extra MB': memory}


def unit_rows(length: int, dtype: str, device: str) -> torch.Tensor:
    """Random unit rows, made in blocks."""
    rows = torch.empty(length, DIM, dtype=getattr(torch, dtype), device=device)
    for block in rows.split(1_000_000):
        block.copy_(normalize(torch.randn(len(block), DIM, device=device)))
    return rows


def head(args: argparse.Namespace, batch: int, length: int, dtype: str, negatives: int) -> Figures:
    """Measure loss, backward and bank update; 0 negatives select the exact softmax."""
    bank = unit_rows(length, dtype, args.device)
    return times(make_step(bank, negatives, batch), args)


def peer_head(args: argparse.Namespace, length: int) -> Figures:
    """Measure the step of mmselfsup."""
    peer = Peer(args.peer_python, args.device, length=length)
    memory = peer.ask('memory')
    taken = [1e3 * peer.ask('seconds') for _ in range(args.rounds)]
    peer.close()
    return {'median ms': statistics.median(taken), 'min ms': min(taken), 'extra MB': memory}


def knn(args: argparse.Namespace, queries: int, length: int, dtype: str) -> Figures:
    """Measure the search of the 200 nearest rows."""
    bank = unit_rows(length, dtype, args.device)
    query = unit_rows(queries, 'float32', args.device)
    return times(lambda: nearest_neighbors(query, bank, min(200, length)), args)


def imagenet_model(args: argparse.Namespace, **options: bool) -> torch.nn.Module:
    """Return the network of ImageNet's recipe with a bank of random rows."""
    cfg = Config.fromfile(IMAGENET)
    if args.toy:
        cfg.model.update(backbone=dict(type='ResNet', depth=18))
        cfg.model.neck.in_channels = 512
    cfg.model.update(options)
    cfg.model.memory_bank.length = 1000 if args.toy else 1_281_167
    model = MODELS.build({'data_preprocessor': cfg.data_preprocessor, **cfg.model})
    return model.to(args.device).train()


def photographs(args: argparse.Namespace) -> dict:
    """Return a batch of random images as the loader makes it."""
    batch, size = (4, 32) if args.toy else (256, 224)
    inputs = torch.randint(256, (batch, 3, size, size), dtype=torch.uint8)
    samples = [DataSample() for _ in range(batch)]
    for number, sample in enumerate(samples):
        sample.set_field(number, 'sample_idx', field_type='metainfo')
    return {'inputs': inputs, 'data_samples': samples}


def feed(args: argparse.Namespace) -> Figures:
    """Measure the transfer and augmentation of a batch."""
    model, batch = imagenet_model(args), photographs(args)
    found = times(lambda: model.data_preprocessor(batch, True), args)
    return {**found, 'images / s': 1e3 * len(batch['inputs']) / found['median ms']}


def training_step(args: argparse.Namespace, amp: bool, compiled: bool) -> Figures:
    """Measure a whole step of ImageNet's recipe, with augmentation and SGD."""
    model = imagenet_model(args, channels_last=True, compile_backbone=compiled)
    batch = photographs(args)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)

    def step():
        data = model.data_preprocessor(batch, True)
        with torch.autocast(torch.device(args.device).type, torch.bfloat16, enabled=amp):
            loss = model.loss(**data)['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()  # compilation
    found = times(step, args)
    return {**found, 'images / s': 1e3 * len(batch['inputs']) / found['median ms']}


def cifar10_row(args: argparse.Namespace, deadline: float) -> Figures | None:
    """Train the paper's row until the deadline; evaluate it when it is finished."""
    args.scaled = args.toy
    work_dir = args.work_dir / 'cifar10'
    cfg = cifar10.make_config(args, ROW, 'per batch', 0, work_dir)
    if args.toy:
        cfg.train_cfg.max_epochs = 1
    work_dir.mkdir(parents=True, exist_ok=True)
    cfg.dump(work_dir / 'run.py')
    last = work_dir / f'epoch_{cfg.train_cfg.max_epochs}.pth'
    if not last.exists():
        tool = cifar10.ROOT / 'tools' / 'train.py'
        with open(work_dir / 'output.txt', 'a') as output:
            training = subprocess.Popen(
                [sys.executable, tool, work_dir / 'run.py', '--resume'],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                training.wait(max(deadline - time.monotonic(), 1))
            except subprocess.TimeoutExpired:
                training.terminate()  # it saves a checkpoint
                training.wait()
                return None
        if training.returncode:
            raise SystemExit(f'the training failed: see {work_dir}/output.txt')
    return cifar10.evaluate(cfg, last)


def all_pieces(args: argparse.Namespace, deadline: float) -> dict[str, Piece]:
    """Return the pieces by name, in their order."""
    batches, lengths = (32, 256, 4096), (1_281_167, 10_000_000)
    queries, negatives = (500, 10_000), NEGATIVES
    if args.toy:
        batches, lengths, queries, negatives = (4,), (1000,), (10,), 16
    pieces: dict[str, Piece] = {}
    for length, dtype in product(lengths, ('float32', 'bfloat16')):
        for batch in batches:
            name = f'exact softmax, B={batch}, N={length:,}, {dtype}'
            pieces[name] = partial(head, args, batch, length, dtype, 0)
        name = f'sampled, M={negatives:,}, B={batches[0]}, N={length:,}, {dtype}'
        pieces[name] = partial(head, args, batches[0], length, dtype, negatives)
        for count in queries:
            name = f'200 neighbors of {count:,}, N={length:,}, {dtype}'
            pieces[name] = partial(knn, args, count, length, dtype)
    if args.peer_python:
        name = f'mmselfsup, M={NEGATIVES:,}, B=32, N={lengths[0]:,}'
        pieces[name] = partial(peer_head, args, lengths[0])
    pieces['augmentation of a batch'] = partial(feed, args)
    for amp, compiled in product((False, True), repeat=2):
        name = 'training step' + ', bfloat16' * amp + ', compiled' * compiled
        pieces[name] = partial(training_step, args, amp, compiled)
    pieces[f'CIFAR-10, {ROW}'] = partial(cifar10_row, args, deadline)
    return pieces


def run(args: argparse.Namespace) -> list[str]:
    """Run pieces until the time is over; print all figures and return the pieces that are left."""
    deadline = time.monotonic() + 60 * args.minutes
    path = args.work_dir / 'figures.json'
    done = load(path) if path.exists() else {}
    pieces = all_pieces(args, deadline)
    for name, piece in pieces.items():
        if name in done or time.monotonic() > deadline:
            continue
        print(f'{name} ...', file=sys.stderr, flush=True)
        figures = piece()
        if figures is not None:
            done[name] = figures
            path.parent.mkdir(parents=True, exist_ok=True)
            dump(done, path, backend_args=dict(backend='atomic'))
        if args.device != 'cpu':
            torch.cuda.empty_cache()
    for name in pieces:
        if name in done:
            print(name, *(f'{key} {value:.4g}' for key, value in done[name].items()), sep='; ')
    return [name for name in pieces if name not in done]


def main() -> None:
    """Run one call, and say where it stands."""
    args = parse_args()
    init_default_scope('mmpretrain')
    left = run(args)
    if left:
        print(f'left, {len(left)}: {"; ".join(left)}. Run the same command again.')
        raise SystemExit(LEFT)
    print('nothing is left')


if __name__ == '__main__':
    main()
