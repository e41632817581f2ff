"""Results of a search: dicts of queries and their neighbors, and the page of them."""

import sys
from collections.abc import Callable
from os.path import abspath, realpath
from pathlib import Path

import numpy as np

from npid_mm.images import ImageReader
from npid_mm.retrieval.index import FeatureIndex
from npid_mm.utils.checks import check_whole
from npid_mm.utils.output_files import PAGE, check_output
from npid_mm.utils.paths import printable_path
from npid_mm.visualization import neighbor_page

from .neighborhood import neighborhood
from .queries import Query, query_name

# similarity and index, each (Q, K), for queries (Q, D) of float32 and K; -1 where none was found
Search = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


class Results:
    """Search an index for the rows of queries, and describe what was found.

    Args:
        index (FeatureIndex): The index.
        search (Callable): Finds rows of it, see :data:`Search`.
        reader (ImageReader): Reads the images of a page.
        recall (float): Share of the true neighbors that the search finds.
    """

    def __init__(
        self, index: FeatureIndex, search: Search, reader: ImageReader, recall: float = 1.0
    ):
        self.index = index
        self.search = search
        self.reader = reader
        self.recall = recall
        self._classes = set(index.classes)

    def of_batch(
        self, images: list[Query], rows: np.ndarray, unreadable: dict[int, str], top_k: int
    ) -> list[dict]:
        """Search for a batch of queries.

        Args:
            images (list[str | ndarray]): The queries.
            rows (ndarray): (n, D), of the n readable ones.
            unreadable (dict[int, str]): Position and reason of the others.
            top_k (int): Neighbors per query.
        """
        results = [self._empty(image) for image in images]
        for position, reason in unreadable.items():
            results[position]['error'] = f'cannot read {query_name(images[position])}: {reason}'
        if not len(rows):
            return results
        # one more, in case the query itself is found
        similarity, index = self.search(rows, min(top_k + 1, len(self.index)))
        readable = [each for number, each in enumerate(results) if number not in unreadable]
        for result, values, found in zip(readable, similarity, index, strict=True):
            pairs = zip(values.tolist(), found.tolist(), strict=True)
            neighbors = [self._neighbor(*each) for each in pairs if each[1] >= 0]
            own = result['query'] and realpath(result['query'])
            others = [each for each in neighbors if realpath(each['path']) != own]
            result['neighbors'] = others[:top_k]
        return results

    def write_page(
        self, images: list[Query], results: list[dict], html: str | Path, page_images: int
    ) -> None:
        """Write the page of the results, unless no query was answered."""
        answered = [number for number, each in enumerate(results) if each['error'] is None]
        if not answered:
            return
        found = [[each['index'] for each in results[number]['neighbors']] for number in answered]
        k = max(map(len, found))
        members, links = neighborhood(found, self.index, self.search, k, page_images)
        position = {row: len(answered) + number for number, row in enumerate(members)}
        entries = [self.index[row] for row in members]
        of_queries = [
            [(position[each['index']], each['similarity']) for each in results[number]['neighbors']]
            for number in answered
        ]
        of_members = [[(len(answered) + other, value) for other, value in each] for each in links]
        queries = [images[number] for number in answered]
        reader = self.reader
        if reader.channels:
            print(
                f'{html} shows images of {reader.channels} channels by the first three, or the '
                'first, stretched to 8 bits',
                file=sys.stderr,
            )
        shown = [
            reader.to_picture(reader.from_array(each)) if isinstance(each, np.ndarray) else each
            for each in queries
        ]
        parts = self.index.folder.resolve().parts[-2:]
        labels = [results[number]['label'] for number in answered]
        neighbor_page(
            shown + [entry.path for entry in entries],
            of_queries + of_members,
            queries=len(answered),
            labels=labels + [entry.label for entry in entries],
            total=len(self.index),
            recall=self.recall,
            title=f'Nearest neighbors in {printable_path("/".join(parts))}',
            out=html,
            reader=reader,
        )

    def _empty(self, image: Query) -> dict:
        """Result of a query without neighbors."""
        path = None if isinstance(image, np.ndarray) else abspath(image)
        above = [folder.name for folder in Path(path).parents] if path else []
        label = next((name for name in above if name in self._classes), None)
        return {'query': path, 'label': label, 'neighbors': [], 'error': None}

    def _neighbor(self, similarity: float, index: int) -> dict:
        path, label = self.index[index]
        # the length of rows may exceed 1 by a rounding error
        similarity = max(-1.0, min(1.0, similarity))
        return {'path': path, 'label': label, 'similarity': similarity, 'index': index}


def check_answered(results: list[dict]) -> None:
    """Raise a ValueError if no query could be read."""
    errors = [each['error'] for each in results if each['error'] is not None]
    if errors and len(errors) == len(results):
        raise ValueError('no query can be read:\n  ' + '\n  '.join(errors))


def check_numbers(html: str | Path | None, force: bool, **numbers: int) -> None:
    """Check the arguments of a search before it begins.

    Raises:
        ValueError: If a number is below 1, or ``html`` has a wrong ending.
        OSError: If the page would replace another file, or cannot be written.
    """
    for name, value in numbers.items():
        check_whole(name, value)
    if html:
        check_output(html, PAGE, force, 'html')
