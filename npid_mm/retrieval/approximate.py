"""Approximate search of a large index with faiss, with its measured recall."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from npid_mm.evaluation import nearest_neighbors
from npid_mm.extras import optional_module
from npid_mm.retrieval.index.feature_index import FeatureIndex
from npid_mm.retrieval.index.metadata import LISTS
from npid_mm.retrieval.index.regular_files import open_regular
from npid_mm.retrieval.index.write_lock import write_lock
from npid_mm.utils.atomic_io import atomic_path
from npid_mm.utils.hashing import file_sha256

MIN_ROWS = 100_000  # with fewer rows, the exact search takes milliseconds
TARGET = 0.95  # recall
K = 10  # neighbors that the recall counts
QUERIES = 500  # rows of the index that measure the recall
TRAINING_ROWS = 64  # per list
CHUNK = 65536  # rows added at once
COMMAND = 'npid retrieve approximate INDEX'
PURPOSE = 'approximate search'


def build_approximate(index: FeatureIndex, trust: bool = False) -> dict[str, Any]:
    """Sort the rows of an index into lists, so that a search reads few, and measure the recall.

    The lists are an inverted file of faiss with 4 sqrt(N) lists and rows in float16. A search reads
    the smallest power of two of lists with a recall of at least :data:`TARGET`. The recall is the
    share of the :data:`K` nearest neighbors of the exact search that are found, for rows of the
    index as queries, which do not count as their own neighbors.

    Args:
        index (FeatureIndex): At least :data:`MIN_ROWS` rows. The lists are written to its folder;
            meanwhile no rows can be added.
        trust (bool): Add lists to an index of another user or machine, and sign it.

    Returns:
        dict: ``rows``, ``lists``, ``probes`` (lists read), ``recall``, ``k``, ``queries`` and the
        ``sha256`` of the file of lists.

    Raises:
        MissingExtraError: If faiss is not installed.
        ValueError: If the index is too small or damaged.
        PermissionError: If another user made the index, and ``trust`` is false.
        BlockingIOError: If another process is writing to the index.
    """
    faiss = optional_module('faiss', PURPOSE)
    _check_size(index)
    with write_lock(index.folder):
        index.reload()
        index.check_trusted(trust)
        try:
            lists = _sort_rows(faiss, index)
        except RuntimeError as error:  # its message names a C++ source file first
            reason = str(error).rpartition('failed: ')[2]
            raise ValueError(f'faiss refuses the rows of {index.folder}: {reason}') from error
        about = {'rows': len(index), 'lists': lists.nlist, 'k': K}
        about |= _choose_probes(lists, index.rows, _shuffled(index)[:QUERIES])
        with atomic_path(index.folder / LISTS) as unfinished:
            faiss.write_index(lists, str(unfinished))
            about['sha256'] = _sha256(unfinished)
        index.meta['approximate'] = about
        index.write()
    return about


class ApproximateSearch:
    """Search the lists of :func:`build_approximate`.

    faiss reads the file with native code that is not safe for untrusted files. The index must be
    trusted, and name the file by its SHA-256.

    Args:
        index (FeatureIndex): The index.
        trust (bool): Search an index of another user or machine.

    Raises:
        MissingExtraError: If faiss is not installed.
        FileNotFoundError: If the index has no lists.
        PermissionError: If another user made the index, and ``trust`` is false.
        ValueError: If the index has grown since or is too small, or the lists are damaged.
    """

    def __init__(self, index: FeatureIndex, trust: bool = False):
        faiss = optional_module('faiss', PURPOSE)
        _check_size(index)
        index.check_trusted(trust)
        about = index.meta.get('approximate')
        if about is None:
            raise FileNotFoundError(
                f'{index.folder} has no lists for approximate search: make them with {COMMAND}'
            )
        if about['rows'] != len(index):
            raise ValueError(
                f'the lists for approximate search hold {about["rows"]} rows, the index has '
                f'{len(index)} by now: make them again with {COMMAND}'
            )
        self.recall: float = about['recall']
        self._lists = _read_lists(faiss, index)
        self._lists.nprobe = about['probes']

    def __call__(self, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Find neighbors of (Q, D): similarity (Q, k) and index (Q, k), -1 if none was found."""
        return _search(self._lists, query, k)


def _read_lists(faiss: ModuleType, index: FeatureIndex) -> Any:
    """Read the inverted file of an index.

    Raises:
        ValueError: If it is damaged, or another kind of index.
    """
    path, about = index.folder / LISTS, index.meta['approximate']
    try:
        intact = _sha256(path) == about['sha256']
    except FileNotFoundError:
        intact = False
    if not intact:
        raise ValueError(f'{path} is missing or damaged: make it again with {COMMAND}')
    try:
        lists = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    except RuntimeError as error:
        raise ValueError(f'{path} is not a file of faiss: make it again with {COMMAND}') from error
    kind, expected = type(lists).__name__, (len(index), index.dim, about['lists'])
    if kind != 'IndexIVFScalarQuantizer' or expected != (lists.ntotal, lists.d, lists.nlist):
        raise ValueError(
            f'{path} must be an IndexIVFScalarQuantizer of {len(index):,} rows, got {kind} of '
            f'{lists.ntotal:,}: make it again with {COMMAND}'
        )
    return lists


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return file_sha256(file)


def _check_size(index: FeatureIndex) -> None:
    if len(index) < MIN_ROWS:
        raise ValueError(
            f'approximate search is for indexes of at least {MIN_ROWS:,} rows, got {len(index):,}, '
            'which the exact search goes through in milliseconds'
        )


def _sort_rows(faiss: ModuleType, index: FeatureIndex) -> Any:
    count = round(4 * len(index) ** 0.5)
    lists = faiss.index_factory(index.dim, f'IVF{count},SQfp16', faiss.METRIC_INNER_PRODUCT)
    lists.cp.spherical = True  # cluster centers of unit length, as the rows
    sample = _shuffled(index)[: TRAINING_ROWS * count].sort().values
    lists.train(_float32(index.rows[sample]))
    for start in range(0, len(index), CHUNK):
        lists.add(_float32(index.rows[start : start + CHUNK]))
    return lists


def _shuffled(index: FeatureIndex) -> Tensor:
    return torch.randperm(len(index), generator=torch.Generator().manual_seed(0))


def _choose_probes(lists: Any, rows: Tensor, sample: Tensor) -> dict[str, Any]:
    """Double the number of lists to read until the recall for the sampled rows is high enough."""
    query = rows[sample].float()
    exact = nearest_neighbors(query, rows, K + 1)[1]
    others = exact != sample[:, None]
    probes = 1
    while True:
        lists.nprobe = min(probes, lists.nlist)
        found = _search(lists, query, K + 1)[1]
        hits = (exact[:, :, None] == found[:, None, :]).any(dim=2)
        recall = (hits & others).sum().item() / others.sum().item()
        if recall >= TARGET or lists.nprobe == lists.nlist:
            return {'probes': lists.nprobe, 'recall': recall, 'queries': len(sample)}
        probes *= 2


def _search(lists: Any, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
    similarity, index = lists.search(_float32(query), k)
    return torch.from_numpy(similarity), torch.from_numpy(index)


def _float32(rows: Tensor) -> np.ndarray:
    return rows.float().contiguous().numpy()
