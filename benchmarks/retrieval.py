"""Benchmark an index of ImageNet's size: its files, opening it, and searches compared with faiss.

    python benchmarks/retrieval.py [--folder FOLDER]

The rows lie around 1,000 directions, one per class, and the paths look like those of ImageNet.
The searches alternate, and the table has their medians. The IndexFlatIP of faiss has float32 rows.
"""

import argparse
import statistics
import tempfile
from functools import partial
from pathlib import Path

import torch
from knn import make_data
from measure import seconds
from rich.console import Console
from rich.table import Table
from torch import Tensor

from npid_mm.evaluation import nearest_neighbors
from npid_mm.retrieval import FeatureIndex, build_approximate
from npid_mm.retrieval.approximate import ApproximateSearch
from npid_mm.retrieval.exact_search import nearest_rows
from npid_mm.retrieval.index.entries import Entry
from npid_mm.retrieval.results import Search

BLOCK = 16384  # rows per write
MAX_FILE_NUMBER = 30_000  # in ImageNet's file names, roughly


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--length', type=int, default=1_281_167, help='N, rows of the index')
    parser.add_argument('--dim', type=int, default=128, help='D, feature dimension')
    parser.add_argument('--queries', type=int, default=500)
    parser.add_argument('--k', type=int, default=10, help='K, neighbors')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument(
        '--folder', type=Path, help='folder of the indexes; default: a temporary one'
    )
    return parser.parse_args()


def make_entries(labels: Tensor) -> list[Entry]:
    """Make paths and labels like those of ImageNet's training set, in the order of its folders."""
    generator = torch.Generator().manual_seed(0)
    entries = []
    for number, images in enumerate(labels.bincount().tolist()):
        wnid = f'n{1_440_764 + 11_000 * number:08}'
        files = torch.randperm(MAX_FILE_NUMBER, generator=generator)[:images].tolist()
        for file in sorted(map(str, files)):
            entries.append(Entry(f'/data/imagenet/train/{wnid}/{wnid}_{file}.JPEG', wnid))
    return entries


def write_index(folder: Path, dtype: str, rows: Tensor, entries: list[Entry]) -> FeatureIndex:
    """Write an index as npid index does, in fewer and longer writes."""
    about = dict.fromkeys(('network', 'feature', 'checkpoint'), 'none')
    about |= dict(preprocessing={}, size=[224, 224])
    index = FeatureIndex.create(folder, {}, {**about, 'dtype': dtype, 'dim': rows.shape[1]})
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        index.append(rows[block], entries[block])
    return index


def faiss_flat(rows: Tensor, threads: int) -> Search:
    """Build the exact search of faiss."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows.numpy())
    return lambda query, k: tuple(map(torch.from_numpy, index.search(query.numpy(), k)))


def with_numpy(index: FeatureIndex, query: Tensor, k: int) -> tuple[Tensor, ...]:
    """Search an index as IndexSearch does."""
    return tuple(map(torch.from_numpy, nearest_rows(query.numpy(), index.array, k)))


def exact(index: FeatureIndex, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Search an index as ImageRetriever does."""
    return nearest_neighbors(query, index.rows, k)


def megabytes(folder: Path, *names: str) -> float:
    """Size of some files of an index, by default of all."""
    paths = [folder / name for name in names] or list(folder.iterdir())
    return sum(path.stat().st_size for path in paths) / 1e6


def main() -> None:
    """Write the indexes, search them and print the results."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    data = make_data(args)
    rows = data['bank'][data['labels'].argsort()]
    entries = make_entries(data['labels'])
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        indexes = {}
        for dtype in ('float16', 'float32'):
            indexes[dtype] = write_index(folder / dtype, dtype, rows, entries)
            print(
                f'{dtype}: rows.npy {megabytes(folder / dtype, "rows.npy"):.1f} MB, '
                f'entries.bin {megabytes(folder / dtype, "entries.bin"):.1f} MB, '
                f'the folder {megabytes(folder / dtype):.1f} MB'
            )
        taken = [seconds(partial(FeatureIndex, folder / 'float16'), 'cpu') for _ in range(7)]
        print(f'opening the float16 index: {1e3 * statistics.median(taken):.1f} ms')
        run(args, data['query'], rows, indexes)


def run(
    args: argparse.Namespace, query: Tensor, rows: Tensor, indexes: dict[str, FeatureIndex]
) -> None:
    """Time the searches in turn, compare their results and print the table."""
    runs = {f'npid_mm, {dtype}': partial(exact, index) for dtype, index in indexes.items()}
    runs['npid_mm without torch, float16'] = partial(with_numpy, indexes['float16'])
    runs['faiss-cpu IndexFlatIP, float32'] = faiss_flat(rows, args.threads)
    took = seconds(partial(build_approximate, indexes['float16']), 'cpu')
    about = indexes['float16'].meta['approximate']
    runs['approximate, faiss-cpu IVF, float16'] = ApproximateSearch(indexes['float16'])
    for search in runs.values():
        search(query[:1], args.k)  # warm-up
    single, many = {name: [] for name in runs}, {name: [] for name in runs}
    for number in range(args.rounds):
        for name, search in runs.items():
            for each in range(5):
                one = query[(5 * number + each) % len(query)][None]
                single[name].append(seconds(partial(search, one, args.k), 'cpu'))
            many[name].append(seconds(partial(search, query, args.k), 'cpu'))
    truth = runs['npid_mm, float32'](query, args.k)[1]
    table = Table(
        title=f'N={args.length:,} D={args.dim} K={args.k}, {args.threads} threads, '
        f'medians of {args.rounds} rounds'
    )
    for column in ('search', '1 query, ms', 'min', f'{args.queries} queries, s', 'min', 'recall'):
        table.add_column(column, justify='left' if column == 'search' else 'right')
    for name, search in runs.items():
        found = search(query, args.k)[1]
        recall = (truth[:, :, None] == found[:, None, :]).any(2).float().mean().item()
        table.add_row(
            name,
            f'{1e3 * statistics.median(single[name]):.1f}',
            f'{1e3 * min(single[name]):.1f}',
            f'{statistics.median(many[name]):.2f}',
            f'{min(many[name]):.2f}',
            f'{recall:.4f}',
        )
    Console(width=110).print(table)
    print(
        f'recall: share of the {args.k} neighbors of the float32 rows. Approximate search: '
        f'{about["probes"]} of {about["lists"]} lists, made in {took:.0f} s, recall '
        f'{about["recall"]:.3f} over {about["queries"]} rows of the index'
    )
    limits(indexes['float16'].rows, query)


def limits(rows: Tensor, query: Tensor) -> None:
    """Print lower bounds of the searches: reading the rows once, and the products."""
    read = statistics.median(seconds(rows.view(torch.int64).sum, 'cpu') for _ in range(9))
    block = rows[:8192].float()
    out = query.new_empty(len(query), len(block))
    product = statistics.median(
        seconds(lambda: torch.mm(query, block.t(), out=out), 'cpu') for _ in range(9)
    )
    flops = 2 * out.numel() * rows.shape[1]
    print(
        f'limits: reading {rows.nbytes / 1e6:.0f} MB once at {rows.nbytes / read / 1e9:.0f} GB/s '
        f'takes {1e3 * read:.1f} ms; the products of {len(query)} queries at '
        f'{flops / product / 1e9:.0f} GFLOP/s {product * len(rows) / len(block):.2f} s'
    )


if __name__ == '__main__':
    main()
