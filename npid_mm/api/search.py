"""Search an index."""

import os
from typing import Any

from npid_mm.retrieval import search_index


def search(
    index: str | os.PathLike, queries: Any, k: int = 10, *, trust: bool = False
) -> list[dict]:
    """Find the images of an index that are most similar to each query.

    No framework is imported if the index has an ``encoder.onnx``; such an index need not be
    trusted.

    Args:
        index (str | PathLike): Folder of an index.
        queries (str | Path | ndarray | list): Image files, folders or arrays, see
            :class:`npid_mm.ImageRetriever`.
        k (int): Neighbors per query.
        trust (bool): Use an index without an encoder that this user did not make on this machine.

    Returns:
        list[dict]: ``query``, ``neighbors`` (``path``, ``label``, ``similarity``) and ``error`` of
        each query.

    Raises:
        FileNotFoundError: If the folder has no index.
        ValueError: If the index is damaged, or no query can be read.

    Example:
        >>> found = npid_mm.search('index', 'cat.jpg', k=5)
        >>> found[0]['neighbors'][0]['path']
    """
    return search_index(os.fspath(index), queries, k=k, trust=trust)
