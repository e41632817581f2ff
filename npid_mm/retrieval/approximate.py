"""Approximate search of a large index with faiss, which says what it misses."""

from pathlib import Path

import torch
from torch import Tensor

from npid_mm.evaluation import nearest_neighbors
from npid_mm.extras import optional_module
from npid_mm.retrieval.index.feature_index import FeatureIndex
from npid_mm.retrieval.index.metadata import LISTS
from npid_mm.retrieval.index.regular_files import open_regular
from npid_mm.retrieval.index.sole_writer import sole_writer
from npid_mm.utils.atomic_io import atomic_path
from npid_mm.utils.hashing import file_sha256

MIN_ROWS = 100_000  # below, the exact search takes milliseconds
TARGET = 0.95  # recall
K = 10  # of the recall
QUERIES = 500  # rows of the index that ask for it
TRAINED_ON = 64  # rows for each list
CHUNK = 65536  # rows
HINT = 'tools/retrieve.py approximate INDEX'
PURPOSE = 'approximate search'


def build_approximate(index: FeatureIndex, trust: bool = False) -> dict:
    """Sort the rows of an index into lists, of which a search reads few, and measure the recall.

    An inverted file of faiss with 4 sqrt(N) lists and rows in float16. As many lists are read, in
    powers of two, as give a recall of at least :data:`TARGET`: the share of the :data:`K` nearest
    neighbours of the exact search that are found, over rows of the index, themselves left out.

    Args:
        index (FeatureIndex): At least :data:`MIN_ROWS` rows. The lists are written beside them;
            meanwhile it does not grow.
        trust (bool): Add lists to an index of another user or machine, and sign it as one's own.

    Returns:
        dict: ``rows``, ``lists``, ``probes`` (lists read), ``recall``, ``k``, ``queries`` and the
        ``sha256`` of the file of lists.

    Raises:
        MissingExtraError: faiss is not installed.
        ValueError: The index is too small to gain from it, or damaged.
        PermissionError: This user did not make the index, and ``trust`` is not set.
        BlockingIOError: Another process is writing to the index.
    """
    faiss = optional_module('faiss', PURPOSE)
    _check_size(index)
    with sole_writer(index.folder):
        index.reload()
        index.check_trusted(trust)
        try:
            searcher = _searcher(faiss, index)
        except RuntimeError as error:  # C++ tells its source file and line too
            reason = str(error).rpartition('failed: ')[2]
            raise ValueError(f'faiss refuses the rows of {index.folder}: {reason}') from error
        about = {'rows': len(index), 'lists': searcher.nlist, 'k': K}
        about |= _measure(searcher, index.rows, _shuffled(index)[:QUERIES])
        with atomic_path(index.folder / LISTS) as unfinished:
            faiss.write_index(searcher, str(unfinished))
            about['sha256'] = _sha256(unfinished)
        index.meta['approximate'] = about
        index.write()
    return about


class ApproximateSearch:
    """Search through the lists that :func:`build_approximate` wrote.

    faiss reads the file with native code, which is not made for files from anywhere. So it must be
    the file that the index names by its sha256, and the index one to trust.

    Args:
        index (FeatureIndex): The index.
        trust (bool): Search an index of another user or machine.

    Raises:
        MissingExtraError: faiss is not installed.
        FileNotFoundError: The lists have not been made.
        PermissionError: This user did not make the index, and ``trust`` is not set.
        ValueError: The index has grown since, or is too small to gain from it, or the lists are
            damaged.
    """

    def __init__(self, index: FeatureIndex, trust: bool = False):
        faiss = optional_module('faiss', PURPOSE)
        _check_size(index)
        index.check_trusted(trust)
        path = index.folder / LISTS
        self.about = index.meta.get('approximate')
        if self.about is None:
            raise FileNotFoundError(
                f'{index.folder} has no lists for approximate search: make them with {HINT}'
            )
        if self.about['rows'] != len(index):
            raise ValueError(
                f'the lists for approximate search hold {self.about["rows"]} rows, the index has '
                f'{len(index)} by now: make them again with {HINT}'
            )
        try:
            intact = _sha256(path) == self.about['sha256']
        except FileNotFoundError:
            intact = False
        if not intact:
            raise ValueError(f'{path} is missing or damaged: make it again with {HINT}')
        self._searcher = _read_lists(faiss, path, index)
        self._searcher.nprobe = self.about['probes']

    def __call__(self, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Neighbours of (Q, D): similarity (Q, k) and index (Q, k), -1 where none was found."""
        return _search(self._searcher, query, k)


def _read_lists(faiss, path: Path, index: FeatureIndex):
    """The inverted file of an index.

    Raises:
        ValueError: It is damaged, or another kind of index.
    """
    try:
        searcher = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    except RuntimeError as error:  # C++ tells its source file and line too
        raise ValueError(f'{path} is not a file of faiss: make it again with {HINT}') from error
    kind = type(searcher).__name__
    wanted = (len(index), index.dim, index.meta['approximate']['lists'])
    if kind != 'IndexIVFScalarQuantizer' or wanted != (searcher.ntotal, searcher.d, searcher.nlist):
        raise ValueError(
            f'{path} must be an IndexIVFScalarQuantizer of {len(index):,} rows, got {kind} of '
            f'{searcher.ntotal:,}: make it again with {HINT}'
        )
    return searcher


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return file_sha256(file)


def _check_size(index: FeatureIndex) -> None:
    if len(index) < MIN_ROWS:
        raise ValueError(
            f'approximate search is for indexes of at least {MIN_ROWS:,} rows, got {len(index):,}, '
            'which the exact search goes through in milliseconds'
        )


def _searcher(faiss, index: FeatureIndex):
    """All rows of an index in lists."""
    lists = round(4 * len(index) ** 0.5)
    # the rows have unit length, as the inner product wants them for its clusters
    searcher = faiss.index_factory(index.dim, f'IVF{lists},SQfp16', faiss.METRIC_INNER_PRODUCT)
    searcher.cp.spherical = True
    sample = _shuffled(index)[: TRAINED_ON * lists].sort().values
    searcher.train(_float32(index.rows[sample]))
    for start in range(0, len(index), CHUNK):
        searcher.add(_float32(index.rows[start : start + CHUNK]))
    return searcher


def _shuffled(index: FeatureIndex) -> Tensor:
    return torch.randperm(len(index), generator=torch.Generator().manual_seed(0))


def _measure(searcher, rows: Tensor, chosen: Tensor) -> dict:
    """The number of lists to read, and the recall that it gives over the chosen rows."""
    query = rows[chosen].float()
    exact = nearest_neighbors(query, rows, K + 1)[1]
    probes = 1
    while True:
        searcher.nprobe = min(probes, searcher.nlist)
        recall = _recall(_search(searcher, query, K + 1)[1], exact, chosen)
        if recall >= TARGET or searcher.nprobe == searcher.nlist:
            return {'probes': searcher.nprobe, 'recall': recall, 'queries': len(chosen)}
        probes *= 2


def _recall(found: Tensor, exact: Tensor, chosen: Tensor) -> float:
    """Share of the exact neighbours (Q, K + 1) that are found, without the queries themselves."""
    others = exact != chosen[:, None]
    hit = (exact[:, :, None] == found[:, None, :]).any(dim=2)
    return (hit & others).sum().item() / others.sum().item()


def _search(searcher, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
    similarity, index = searcher.search(_float32(query), k)
    return torch.from_numpy(similarity), torch.from_numpy(index)


def _float32(rows: Tensor):
    return rows.float().contiguous().numpy()
