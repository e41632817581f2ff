"""Find the most similar images of an index for query images."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmpretrain.apis import BaseInferencer
from torch import Tensor

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import describe_network, index_feature, load_network
from npid_mm.evaluation import nearest_neighbors
from npid_mm.retrieval.index import FeatureIndex

from .approximate import ApproximateSearch
from .image_files import Batch, ImageFiles, check_size, collate_readable
from .queries import Query, QueryInput, query_images
from .results import Results, check_answered, check_numbers
from .stored_config import config_from_json


class ImageRetriever(BaseInferencer):
    """Find the images of an index that are most similar to a query, by cosine similarity.

    The index stores the config of its network, the preprocessing and the path of the checkpoint,
    which must still hold the same weights. Unlike :class:`~npid_mm.retrieval.IndexSearch`, this
    class embeds on a GPU, can search approximately, and needs no ONNX encoder.

    Args:
        index (str | Path | FeatureIndex): An index of ``npid index``.
        checkpoint (str, optional): Path of the checkpoint, if it was moved.
        device (str, optional): Device of the network. Defaults to the GPU if there is one. The
            search runs on the CPU, with the index mapped into memory.
        approximate (bool): Search with faiss in the lists of ``npid retrieve approximate``
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
        self._results = Results(self.index, self._find, self.pipeline.reader, self.recall)

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
        check_numbers(html, force, top_k=top_k, batch_size=batch_size, page_images=page_images)
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
        rows = np.empty((0, self.index.dim), np.float32)
        if batch.positions:
            check_size(batch.size, self.index.meta['size'])
            rows = self._embed(batch).float().numpy()
        return self._results.of_batch(images, rows, batch.unreadable, top_k)

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
        if html:
            self._results.write_page(ori_inputs, preds, html, page_images)

    def postprocess(
        self, preds: list[dict], visualization: None, return_datasamples: bool
    ) -> list[dict]:
        """Return the results, unless no query can be read."""
        check_answered(preds)
        return preds

    def _init_pipeline(self, cfg: Config) -> ImagePipeline:
        return ImagePipeline(cfg)

    def _inputs_to_list(self, inputs: QueryInput) -> list[Query]:
        return query_images(inputs, self.pipeline.reader.channels)

    def _exact(self, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
        return nearest_neighbors(query, self.index.rows, k)

    def _find(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        similarity, index = self._search(torch.from_numpy(query), k)
        return similarity.numpy(), index.numpy()
