"""Exact nearest neighbors by inner product, in bounded memory.

The bank is searched in blocks. A block's similarities stay in cache, and only the maximum of every
``SEGMENT`` columns is compared with the worst neighbor kept so far. After a few blocks almost no
segment passes, so the search costs little more than its matrix products.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from npid_mm.utils.checks import check_finite_rows, check_whole

QUERY_ROWS = 512
# A CPU keeps a block of similarities in cache; a GPU prefers fewer, longer launches.
BANK_ROWS = {'cpu': 8192, 'cuda': 131072}
SEGMENT = 64  # divides all values of BANK_ROWS
DENSE_SHARE = 0.5  # above this share of passing segments, merging the whole block is cheaper
# Up to this number of queries on a CPU, multiplying and summing row by row is faster than a matrix
# product.
FEW = 4
PRODUCTS = 2**21  # products in one piece of a row-by-row block, so that they stay in cache


@torch.no_grad()
def nearest_neighbors(query: Tensor, bank: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the ``k`` rows of ``bank`` with the largest inner product, exactly.

    The inner product of unit rows is the cosine similarity. Arithmetic is float32 for float32,
    bfloat16 and float16 rows, and float64 if either side is float64. At most ``QUERY_ROWS`` x
    ``BANK_ROWS`` similarities are held.

    Args:
        query (Tensor): (Q, D), floating point.
        bank (Tensor): (N, D), floating point, on the device of ``query``.
        k (int): Neighbors of each query; all N if it is larger.

    Returns:
        tuple[Tensor, Tensor]: Similarity (Q, K) in descending order, and index (Q, K), int64, with
        K = min(k, N). Equal similarities are ordered by the lower index.

    Raises:
        ValueError: If ``k`` is below 1, the shapes do not fit, a tensor is not floating point, the
            bank is empty or a row is not finite.

    Example:
        >>> similarity, index = nearest_neighbors(torch.eye(3)[1:2], torch.eye(3), k=2)
        >>> index.tolist()
        [[1, 0]]
    """
    for name, rows in (('query', query), ('bank', bank)):
        if rows.dim() != 2 or not rows.is_floating_point():
            raise ValueError(
                f'{name} must be a 2-D floating point tensor, got {tuple(rows.shape)} of '
                f'{rows.dtype}'
            )
    check_whole('k', k)
    if query.shape[1] != bank.shape[1]:
        raise ValueError(
            'query and bank must have the same number of columns D, got '
            f'{query.shape[1]} and {bank.shape[1]}'
        )
    if query.device != bank.device:
        raise ValueError(
            f'query and bank must be on the same device, got {query.device} and {bank.device}'
        )
    if len(bank) == 0:
        raise ValueError('bank must have at least one row, got none')
    check_finite_rows('query', query)
    if not _few(query):  # few queries check the products instead, which reads the bank only once
        check_finite_rows('bank', bank)

    k = min(k, len(bank))
    dtype = torch.promote_types(torch.promote_types(query.dtype, bank.dtype), torch.float32)
    similarity = query.new_empty((len(query), k), dtype=dtype)
    index = query.new_empty((len(query), k), dtype=torch.int64)
    with torch.autocast(query.device.type, enabled=False):
        for start in range(0, len(query), QUERY_ROWS):
            part = slice(start, start + QUERY_ROWS)
            similarity[part], index[part] = _search(query[part].to(dtype), bank, k)
    return similarity, index


def merge_neighbors(
    similarity: Sequence[Tensor], payload: Sequence[Tensor], k: int
) -> tuple[Tensor, Tensor]:
    """Merge the neighbors found in several parts of a bank.

    With the parts in the order of the bank, the result equals a search of the whole bank, ties
    included.

    Args:
        similarity (Sequence[Tensor]): (Q, K_part) of each part.
        payload (Sequence[Tensor]): (Q, K_part) of each part, e.g. indices or labels.
        k (int): Neighbors to keep; all if it is larger.

    Returns:
        tuple[Tensor, Tensor]: Similarity (Q, K) in descending order, and its payload (Q, K).

    Raises:
        ValueError: If ``k`` is below 1 or the parts of both lists differ in shape.

    Example:
        >>> parts = [torch.tensor([[0.9, 0.1]]), torch.tensor([[0.8]])]
        >>> merge_neighbors(parts, [torch.tensor([[3, 1]]), torch.tensor([[7]])], k=2)[1].tolist()
        [[3, 7]]
    """
    check_whole('k', k)
    shapes = [tuple(part.shape) for part in similarity]
    if not shapes or shapes != [tuple(part.shape) for part in payload]:
        raise ValueError(
            'similarity and payload must be lists of tensors of equal shapes, got '
            f'{shapes} and {[tuple(part.shape) for part in payload]}'
        )
    merged, order = torch.cat(list(similarity), 1).sort(dim=1, descending=True, stable=True)
    return merged[:, :k], torch.cat(list(payload), 1).gather(1, order[:, :k])


def _few(query: Tensor) -> bool:
    return query.device.type == 'cpu' and len(query) <= FEW


def _search(query: Tensor, bank: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Sorted neighbors of one block of queries."""
    few = _few(query)
    # Buffers that every block reuses: allocating them per block costs more than the arithmetic.
    if few:
        size = QUERY_ROWS * BANK_ROWS['cpu'] // FEW
        rows: Tensor | None = query.new_empty(1 + PRODUCTS // (1 + bank.shape[1]), bank.shape[1])
    else:
        size = BANK_ROWS.get(query.device.type, BANK_ROWS['cpu'])
        rows = None if bank.dtype == query.dtype else query.new_empty(size, bank.shape[1])
    scratch = query.new_empty(len(query) * min(size, len(bank)))
    best = query.new_full((len(query), k), -torch.inf)
    where = torch.zeros_like(best, dtype=torch.int64)
    pending = []
    # The first block has the odd number of rows, as it is merged as a whole in any case.
    start, stop = 0, len(bank) % size or min(size, len(bank))
    while start < len(bank):
        similarity = scratch[: len(query) * (stop - start)].view(len(query), -1)
        block = bank[start:stop]
        if few and rows is not None:
            _multiply_rows(query, block, rows, similarity)
            # the products of a row that is not finite are not finite either
            if not similarity.sum().isfinite():
                check_finite_rows('bank', bank)
        else:
            if rows is not None:
                block = rows[: stop - start].copy_(block)
            torch.mm(query, block.t(), out=similarity)
        pending.append(_candidates(similarity, best.amin(dim=1), start))
        # `best` and `pending` stay in the order of the bank, which breaks ties
        if sum(values.shape[1] for values, _ in pending) >= k or stop == len(bank):
            values, positions = zip((best, where), *pending, strict=True)
            best, where = _keep_largest(torch.cat(values, 1), torch.cat(positions, 1), k)
            pending = []
        start, stop = stop, stop + size
    best, order = best.sort(dim=1, descending=True, stable=True)
    return best, where.gather(1, order)


def _multiply_rows(query: Tensor, block: Tensor, scratch: Tensor, out: Tensor) -> None:
    """Write the inner products of few queries with a block to ``out``, by way of ``scratch``."""
    for start in range(0, len(block), len(scratch)):
        piece = block[start : start + len(scratch)]
        for each, similarity in zip(query, out, strict=True):
            products = torch.mul(piece, each, out=scratch[: len(piece)])
            torch.sum(products, dim=1, out=similarity[start : start + len(piece)])


def _candidates(similarity: Tensor, worst: Tensor, start: int) -> tuple[Tensor, Tensor]:
    """Similarity and bank index (Q, any width) of a block's columns above ``worst`` (Q,)."""
    if similarity.shape[1] % SEGMENT == 0:
        segments = similarity.view(len(similarity), -1, SEGMENT)
        passing = segments.amax(dim=2) > worst[:, None]
        row, segment = passing.nonzero(as_tuple=True)
        if len(row) <= DENSE_SHARE * passing.numel():
            values = segments[row, segment]
            hit, column = (values > worst[row, None]).nonzero(as_tuple=True)
            index = start + segment[hit] * SEGMENT + column
            return _pad(row[hit], values[hit, column], index, len(similarity))
    index = torch.arange(start, start + similarity.shape[1], device=similarity.device)
    return similarity.clone(), index.expand_as(similarity)  # the next block overwrites the original


def _pad(row: Tensor, values: Tensor, index: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Arrange values that are sorted by ``row`` as one line per row, padded with -inf."""
    count = torch.bincount(row, minlength=num_rows)
    column = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[row]
    shape = (num_rows, int(count.max()))
    padded = values.new_full(shape, -torch.inf)
    padded[row, column] = values
    where = index.new_zeros(shape)
    where[row, column] = index
    return padded, where


def _keep_largest(values: Tensor, index: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Keep the ``k`` largest of each row in their order, the first among equals."""
    kth = values.topk(k, dim=1, sorted=False).values.amin(dim=1, keepdim=True)
    chosen = values >= kth
    if chosen.count_nonzero() > k * len(values):
        equal = values == kth
        room = k - (values > kth).sum(dim=1, keepdim=True)
        chosen &= ~equal | (equal.cumsum(dim=1) <= room)
    column = chosen.nonzero()[:, 1].view(-1, k)
    return values.gather(1, column), index.gather(1, column)
