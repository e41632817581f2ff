"""Search an index by its ONNX encoder, without torch."""

from pathlib import Path

import numpy as np

from npid_mm.images import plain_reason

from .exact_search import nearest_rows
from .index import FeatureIndex
from .index.index_encoder import open_encoder
from .queries import Query, QueryInput, query_images
from .results import Results, check_answered, check_numbers


class NoEncoderError(ValueError):
    """An index without ``encoder.onnx``."""


class IndexSearch:
    """Find the images of an index that are most similar to a query, by cosine similarity.

    The results are those of :class:`~npid_mm.retrieval.ImageRetriever`, which needs torch, the
    checkpoint and trust. This class runs on NumPy, Pillow and onnxruntime, with the encoder in the
    index. Nothing in an index is executed, so it need not be trusted.

    Args:
        index (str | Path | FeatureIndex): An index of ``npid index``.

    Raises:
        FileNotFoundError: If the folder has no index.
        MissingExtraError: If onnxruntime is not installed.
        ValueError: If the index has no encoder or no images, is damaged, or its encoder is refused.

    Example:
        >>> search = IndexSearch('work_dirs/index')
        >>> results = search(['cat.jpg', 'dog.jpg'], top_k=5)
        >>> results[0]['neighbors'][0]
        {'path': '/images/cat/7.jpg', 'label': 'cat', 'similarity': 0.93, 'index': 1207}
    """

    def __init__(self, index: str | Path | FeatureIndex):
        self.index = index if isinstance(index, FeatureIndex) else FeatureIndex(index)
        if self.index.meta.get('encoder') is None:
            raise NoEncoderError(
                f'{self.index.folder} has no encoder.onnx, so searching it needs torch: give '
                '--device cpu (ImageRetriever in Python), or give its index command again where '
                "npid-mm's extra export is installed, which adds the encoder"
            )
        if not len(self.index):
            raise ValueError(f'{self.index.folder} has no image yet: run its index command again')
        self._prepare, self._embed = open_encoder(self.index)
        self._results = Results(self.index, self._exact, self._prepare.reader)

    def __call__(
        self,
        inputs: QueryInput,
        top_k: int = 10,
        batch_size: int = 32,
        html: str | Path | None = None,
        page_images: int = 500,
        force: bool = False,
    ) -> list[dict]:
        """Search with each of the inputs.

        Args and results are those of :meth:`npid_mm.retrieval.ImageRetriever.__call__`.

        Raises:
            TypeError: If an input is not a file, a folder or an array.
            OSError: If the page would replace another file, or cannot be written.
            ValueError: If no query can be read, a number is too small, or a query has another size
                than the images of the index and the preprocessing does not resize.
        """
        check_numbers(html, force, top_k=top_k, batch_size=batch_size, page_images=page_images)
        images = query_images(inputs, self._prepare.reader.channels)
        results = []
        for start in range(0, len(images), batch_size):
            results += self._batch(images[start : start + batch_size], top_k)
        check_answered(results)
        if html:
            self._results.write_page(images, results, html, page_images)
        return results

    def _batch(self, images: list[Query], top_k: int) -> list[dict]:
        pixels, unreadable = [], {}
        for position, image in enumerate(images):
            try:
                prepared = self._prepare(image)
            except Exception as error:  # a decoder may raise anything
                unreadable[position] = plain_reason(error)
                continue
            if prepared.shape[:2] != self._prepare.size:
                raise ValueError(
                    f'images must have the size of those of the index, {self._prepare.size}, as it '
                    f'does not resize, got {prepared.shape[:2]}: resize yours, or make an index '
                    'with a config that does'
                )
            pixels.append(prepared)
        rows = self._embed(np.stack(pixels)) if pixels else np.empty((0, self.index.dim))
        return self._results.of_batch(images, rows, unreadable, top_k)

    def _exact(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return nearest_rows(query, self.index.array, k)


def search_index(
    index: str | Path,
    queries: QueryInput,
    k: int = 10,
    html: str | Path | None = None,
    trust: bool = False,
) -> list[dict]:
    """Search an index once, without torch if the index has an encoder.

    :class:`IndexSearch` and :class:`~npid_mm.retrieval.ImageRetriever` open an index for several
    searches.

    Args:
        index (str | Path): The index.
        queries (str | Path | ndarray | list): An image file, a folder of images, an array
            (H, W, 3) of uint8 in BGR, or a list of these.
        k (int): Neighbors per query.
        html (str | Path, optional): Page of the results to write.
        trust (bool): Use an index without an encoder that another user made.

    Returns:
        list[dict]: A result per query: ``query``, ``label``, ``neighbors`` and ``error``.

    Example:
        >>> search_index('work_dirs/index', 'cat.jpg', k=5)[0]['neighbors']
    """
    opened = FeatureIndex(index)
    if opened.meta.get('encoder') is not None:
        return IndexSearch(opened)(queries, top_k=k, html=html)
    from .image_retriever import ImageRetriever

    return ImageRetriever(opened, trust=trust)(queries, top_k=k, html=html)
