"""Find the most similar images of an index for query images."""

from collections.abc import Iterator
from os.path import abspath, realpath
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmpretrain.apis import BaseInferencer
from torch import Tensor

from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import describe_network, index_feature, load_network
from npid_mm.evaluation import nearest_neighbors
from npid_mm.retrieval.index.feature_index import FeatureIndex
from npid_mm.utils.checks import check_whole
from npid_mm.utils.output_files import PAGE, check_output
from npid_mm.utils.paths import printable_path
from npid_mm.visualization import neighbor_page

from .approximate import ApproximateSearch
from .image_files import Batch, ImageFiles, ImagePipeline, check_size, collate_readable
from .neighborhood import neighborhood
from .queries import Query, QueryInput, query_images, query_name
from .stored_config import config_from_json


class ImageRetriever(BaseInferencer):
    """Find the images of an index that are most similar to a query, by cosine similarity.

    The index stores the config of its network, the preprocessing and the path of the checkpoint,
    which must still hold the same weights.

    Args:
        index (str | Path | FeatureIndex): An index of ``tools/retrieve.py index``.
        checkpoint (str, optional): Path of the checkpoint, if it was moved.
        device (str, optional): Device of the network. Defaults to the GPU if there is one. The
            search runs on the CPU, with the index mapped into memory.
        approximate (bool): Search with faiss in the lists of ``tools/retrieve.py approximate``
            instead of all rows. ``retriever.recall`` is the share of neighbors that it finds.
        trust (bool): Use an index that this user did not make on this machine. Its config decides
            which registered parts are built and which checkpoint is read, and faiss reads its lists
            with native code.

    Raises:
        FileNotFoundError: If the index, the checkpoint or the lists do not exist.
        PermissionError: If another user made the index, and ``trust`` is false.
        ValueError: If the checkpoint does not have the network of the index, or the index is
            damaged.

    Example:
        >>> retriever = ImageRetriever('work_dirs/index')
        >>> results = retriever(['cat.jpg', 'dog.jpg'], top_k=5)
        >>> results[0]['neighbors'][0]
        {'path': '/images/cat/7.jpg', 'label': 'cat', 'similarity': 0.93, 'index': 1207}
    """

    forward_kwargs = {'top_k'}
    visualize_kwargs = {'html', 'page_images'}

    def __init__(
        self,
        index: str | Path | FeatureIndex,
        checkpoint: str | None = None,
        device: str | None = None,
        approximate: bool = False,
        trust: bool = False,
    ):
        self.index = index if isinstance(index, FeatureIndex) else FeatureIndex(index)
        self.index.check_trusted(trust)
        checkpoint = str(checkpoint or self.index.meta['checkpoint'])
        if '://' not in checkpoint and not Path(checkpoint).is_file():
            raise FileNotFoundError(
                f'the checkpoint of {self.index.folder} is not at {checkpoint}: give its path '
                'with checkpoint= (--checkpoint on the command line)'
            )
        if not len(self.index):
            raise ValueError(f'{self.index.folder} has no image yet: run its index command again')
        try:
            model = load_network(config_from_json(self.index.meta['config']), checkpoint, device)
            self.index.check_compatible(describe_network(model))
            super().__init__(model)
        except (OSError, ValueError):
            raise
        except Exception as error:  # networks and transforms may raise anything
            raise self._config_error(error) from error
        lists = ApproximateSearch(self.index, trust) if approximate else None
        self._search = lists or self._exact
        self.recall = lists.recall if lists else 1.0
        self._classes = set(self.index.classes)

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

        Args:
            inputs (str | Path | ndarray | list): An image file, a folder of images, an array
                (H, W, 3) of uint8 in BGR as ``mmcv.imread`` gives it, or a list of these.
            top_k (int): Neighbors per query, at least 1. A query that is in the index (by its path
                with all links resolved) is not its own neighbor.
            batch_size (int): Images per batch, at least 1.
            html (str | Path, optional): Page of the results to write, see
                :func:`npid_mm.visualization.neighbor_page`.
            page_images (int): Images of the index on the page, if the results have fewer.
            force (bool): Replace a file that is not such a page.

        Returns:
            list[dict]: For each query ``query`` (path, or None for an array), ``label`` (name of
            the closest parent folder that is a class of the index), ``neighbors``, the most similar
            first (``path``, ``label``, ``similarity``, ``index``), and ``error`` (None, or the
            reason why the image cannot be read).

        Raises:
            TypeError: If an input is none of these.
            OSError: If the page would replace another file, or cannot be written.
            ValueError: If no query can be read, a number is too small, or the test pipeline gives
                a query another size than the images of the index.
        """
        numbers = dict(top_k=top_k, batch_size=batch_size, page_images=page_images)
        for name, value in numbers.items():
            check_whole(name, value)
        if html:
            check_output(html, PAGE, force, 'html')
        return super().__call__(
            inputs, batch_size=batch_size, top_k=top_k, html=html, page_images=page_images
        )

    def preprocess(
        self, inputs: list[Query], batch_size: int = 1
    ) -> Iterator[tuple[list[Query], Batch]]:
        """Yield batches of images and the inputs of the network."""
        for start in range(0, len(inputs), batch_size):
            chunk = inputs[start : start + batch_size]
            files = ImageFiles(chunk, self.pipeline)
            yield chunk, collate_readable([files[position] for position in range(len(chunk))])

    def forward(self, inputs: tuple[list[Query], Batch], top_k: int) -> list[dict]:
        """Search with a batch of :meth:`preprocess`."""
        images, batch = inputs
        results = [self._result(image) for image in images]
        for position, reason in batch.unreadable.items():
            results[position]['error'] = f'cannot read {query_name(images[position])}: {reason}'
        if batch.positions:
            check_size(batch.size, self.index.meta['size'])
            query = self._embed(batch)
            # one more, in case the query itself is found
            similarity, index = self._search(query, min(top_k + 1, len(self.index)))
            for row, position in enumerate(batch.positions):
                found = zip(similarity[row].tolist(), index[row].tolist(), strict=True)
                # an approximate search returns -1 where it finds too few
                neighbors = [self._neighbor(*each) for each in found if each[1] >= 0]
                own = results[position]['query'] and realpath(results[position]['query'])
                results[position]['neighbors'] = [
                    each for each in neighbors if realpath(each['path']) != own
                ][:top_k]
        return results

    def _embed(self, batch: Batch) -> Tensor:
        """Embed the readable images of a batch as rows (n, D)."""
        try:
            return batch_features(self.model, batch.data, index_feature(self.config))[0].cpu()
        except (RuntimeError, TypeError) as error:  # layers that do not fit each other
            raise self._config_error(error) from error

    def _config_error(self, error: Exception) -> ValueError:
        what = f'{type(error).__name__}: {error}'
        return ValueError(f'{self.index.folder} has a config that fails: {what}')

    def visualize(
        self,
        ori_inputs: list[Query],
        preds: list[dict],
        html: str | Path | None = None,
        page_images: int = 500,
    ) -> None:
        """Write the page of the results to ``html``."""
        answered = [number for number, each in enumerate(preds) if each['error'] is None]
        if not html or not answered:
            return
        found = [[each['index'] for each in preds[number]['neighbors']] for number in answered]
        k = max(map(len, found))
        members, links = neighborhood(found, self.index.rows, self._search, k, page_images)
        position = {row: len(answered) + number for number, row in enumerate(members)}
        entries = [self.index[row] for row in members]
        of_queries = [
            [(position[each['index']], each['similarity']) for each in preds[number]['neighbors']]
            for number in answered
        ]
        of_members = [[(len(answered) + other, value) for other, value in each] for each in links]
        queries = [ori_inputs[number] for number in answered]
        shown = [each[..., ::-1] if isinstance(each, np.ndarray) else each for each in queries]
        parts = self.index.folder.resolve().parts[-2:]
        labels = [preds[number]['label'] for number in answered]
        neighbor_page(
            shown + [entry.path for entry in entries],
            of_queries + of_members,
            queries=len(answered),
            labels=labels + [entry.label for entry in entries],
            total=len(self.index),
            recall=self.recall,
            title=f'Nearest neighbors in {printable_path("/".join(parts))}',
            out=html,
            reader=self.pipeline.reader,
        )

    def postprocess(
        self, preds: list[dict], visualization: None, return_datasamples: bool
    ) -> list[dict]:
        """Return the results, unless no query can be read."""
        errors = [each['error'] for each in preds if each['error'] is not None]
        if errors and len(errors) == len(preds):
            raise ValueError('no query can be read:\n  ' + '\n  '.join(errors))
        return preds

    def _init_pipeline(self, cfg: Config) -> ImagePipeline:
        return ImagePipeline(cfg)

    def _inputs_to_list(self, inputs: QueryInput) -> list[Query]:
        return query_images(inputs)

    def _exact(self, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
        return nearest_neighbors(query, self.index.rows, k)

    def _result(self, image: Query) -> dict:
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
