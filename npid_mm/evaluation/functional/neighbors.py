"""Exact nearest neighbours by inner product, in bounded memory.

The bank is walked in blocks. A block's similarities stay in cache, where only the maximum of every
``SEGMENT`` columns is compared with the worst neighbour kept so far: after a few blocks almost no
segment passes, so that the search costs little more than its products.
"""

import torch

from npid_mm.utils.checks import check_whole

QUERY_ROWS = 512
# A block of similarities stays in cache on a CPU; a GPU wants fewer, longer launches.
BANK_ROWS = {'cpu': 8192, 'cuda': 131072}
SEGMENT = 64  # divides every number of bank rows above
DENSE_SHARE = 0.5  # above this share of passing segments the whole block is cheaper to merge
# Matrix products of so few queries leave a CPU's arithmetic idle: up to here, multiplying and
# summing row by row is faster.
FEW = 4
PRODUCTS = 2**21  # numbers that are multiplied before they are summed, so that they stay in cache


@torch.no_grad()
def nearest_neighbors(query, bank, k):
    """Find the ``k`` rows of ``bank`` with the largest inner product, exactly.

    The inner product is the cosine similarity where rows have unit length. Arithmetic is float32
    for float32, bfloat16 and float16 rows, and float64 as soon as one side is float64. Never more
    than ``QUERY_ROWS`` x ``BANK_ROWS`` similarities are held.

    Args:
        query (Tensor): (Q, D), floating point.
        bank (Tensor): (N, D), floating point, on the device of ``query``.
        k (int): Neighbours of each query; more than N means all N.

    Returns:
        tuple[Tensor, Tensor]: Similarity (Q, K) from the most similar on, and index (Q, K), int64,
        with K = min(k, N). Equal similarities are ordered by the lower index.

    Raises:
        ValueError: If ``k`` is below 1, the shapes do not fit, a tensor is not floating point, the
            bank is empty or a row is not finite.
    """
    _check_rows('query', query)
    _check_rows('bank', bank)
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
    _check_finite('query', query)
    if not _few(query):  # otherwise the products tell, and the bank is read once
        _check_finite('bank', bank)

    k = min(k, len(bank))
    dtype = torch.promote_types(torch.promote_types(query.dtype, bank.dtype), torch.float32)
    similarity = query.new_empty((len(query), k), dtype=dtype)
    index = query.new_empty((len(query), k), dtype=torch.int64)
    with torch.autocast(query.device.type, enabled=False):
        for start in range(0, len(query), QUERY_ROWS):
            rows = slice(start, start + QUERY_ROWS)
            similarity[rows], index[rows] = _search(query[rows].to(dtype), bank, k)
    return similarity, index


def merge_neighbors(similarity, payload, k):
    """Merge the neighbours that were found on several parts of a bank.

    With the parts in the order of the bank, the result equals a search of the whole bank, ties
    included.

    Args:
        similarity (list[Tensor]): (Q, K_part) of each part.
        payload (list[Tensor]): (Q, K_part) of each part: what to carry, such as index or label.
        k (int): Neighbours to keep; more than there are means all.

    Returns:
        tuple[Tensor, Tensor]: Similarity (Q, K) from the most similar on, and its payload (Q, K).

    Raises:
        ValueError: If ``k`` is below 1 or the parts of both lists differ in shape.
    """
    check_whole('k', k)
    shapes = [tuple(part.shape) for part in similarity]
    if not shapes or shapes != [tuple(part.shape) for part in payload]:
        raise ValueError(
            'similarity and payload must be lists of tensors of equal shapes, got '
            f'{shapes} and {[tuple(part.shape) for part in payload]}'
        )
    merged, order = torch.cat(similarity, 1).sort(dim=1, descending=True, stable=True)
    return merged[:, :k], torch.cat(payload, 1).gather(1, order[:, :k])


def _check_rows(name, rows):
    if rows.dim() != 2 or not rows.is_floating_point():
        raise ValueError(
            f'{name} must be a 2-D floating point tensor, got {tuple(rows.shape)} of {rows.dtype}'
        )


def _check_finite(name, rows):
    # One cheap pass clears nearly every row: a sum is finite only where all its terms are. A sum of
    # finite numbers can overflow, so that the rows that are left are looked at.
    suspect = (~rows.sum(dim=1).isfinite()).nonzero().flatten()
    broken = suspect[(~rows[suspect].isfinite()).any(dim=1)]
    if len(broken):
        raise ValueError(
            f'{name} must be finite, but {len(broken)} of its {len(rows)} rows hold '
            f'NaN or infinity, the first is row {int(broken[0])}'
        )


def _few(query):
    return query.device.type == 'cpu' and len(query) <= FEW


def _search(query, bank, k):
    """Neighbours of one block of queries, sorted."""
    few = _few(query)
    # All are written again by every block: fresh memory for each costs more than the arithmetic.
    if few:
        size = QUERY_ROWS * BANK_ROWS['cpu'] // FEW
        rows = query.new_empty(1 + PRODUCTS // (1 + bank.shape[1]), bank.shape[1])
    else:
        size = BANK_ROWS.get(query.device.type, BANK_ROWS['cpu'])
        rows = None if bank.dtype == query.dtype else query.new_empty(size, bank.shape[1])
    scratch = query.new_empty(len(query) * min(size, len(bank)))
    best = query.new_full((len(query), k), -torch.inf)
    where = torch.zeros_like(best, dtype=torch.int64)
    pending = []
    # The first block takes the odd rows: it is merged whole in any case.
    start, stop = 0, len(bank) % size or min(size, len(bank))
    while start < len(bank):
        similarity = scratch[: len(query) * (stop - start)].view(len(query), -1)
        block = bank[start:stop]
        if few:
            _multiply_rows(query, block, rows, similarity)
            # A row that is not finite has no finite product.
            if not similarity.sum().isfinite():
                _check_finite('bank', bank)
        else:
            if rows is not None:
                block = rows[: stop - start].copy_(block)
            torch.mm(query, block.t(), out=similarity)
        pending.append(_candidates(similarity, best.amin(dim=1), start))
        # `best` and `pending` are in the order of the bank, and so is what is kept of them.
        if sum(values.shape[1] for values, _ in pending) >= k or stop == len(bank):
            values, positions = zip((best, where), *pending, strict=True)
            best, where = _keep_largest(torch.cat(values, 1), torch.cat(positions, 1), k)
            pending = []
        start, stop = stop, stop + size
    best, order = best.sort(dim=1, descending=True, stable=True)
    return best, where.gather(1, order)


def _multiply_rows(query, block, scratch, out):
    """Inner products of few queries with a block, into ``out``; ``scratch`` stays in cache."""
    for start in range(0, len(block), len(scratch)):
        piece = block[start : start + len(scratch)]
        for each, similarity in zip(query, out, strict=True):
            products = torch.mul(piece, each, out=scratch[: len(piece)])
            torch.sum(products, dim=1, out=similarity[start : start + len(piece)])


def _candidates(similarity, worst, start):
    """What a block offers above ``worst`` (Q,): similarity and bank index, (Q, any width)."""
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


def _pad(row, values, index, num_rows):
    """Turn a list sorted by ``row`` into one line a row, filled up with -inf."""
    count = torch.bincount(row, minlength=num_rows)
    column = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[row]
    shape = (num_rows, int(count.max()))
    padded = values.new_full(shape, -torch.inf)
    padded[row, column] = values
    where = index.new_zeros(shape)
    where[row, column] = index
    return padded, where


def _keep_largest(values, index, k):
    """The ``k`` largest of each row in their order of appearance, the first among equals."""
    kth = values.topk(k, dim=1, sorted=False).values.amin(dim=1, keepdim=True)
    chosen = values >= kth
    if chosen.count_nonzero() > k * len(values):
        equal = values == kth
        room = k - (values > kth).sum(dim=1, keepdim=True)
        chosen &= ~equal | (equal.cumsum(dim=1) <= room)
    column = chosen.nonzero()[:, 1].view(-1, k)
    return values.gather(1, column), index.gather(1, column)
