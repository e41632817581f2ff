"""Images in, the most similar images of an index out."""

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
from npid_mm.utils.outputs import PAGE, check_output
from npid_mm.utils.paths import printable_path
from npid_mm.visualization import neighbor_page

from .approximate import ApproximateSearch
from .image_files import Batch, ImageFiles, ImagePipeline, check_size, collate_readable
from .neighborhood import neighborhood
from .queries import image_name, in_rgb, query_images
from .search_config import from_json


class ImageRetriever(BaseInferencer):
    """Find the images of an index that look most like a query, by cosine similarity.

    The index brings its network along: config, preprocessing and where the checkpoint is. The
    checkpoint must hold the weights that the index was made with.

    Args:
        index (str | Path | FeatureIndex): What ``tools/retrieve.py index`` wrote.
        checkpoint (str, optional): Where the checkpoint is, if it has been moved.
        device (str, optional): Where the network runs, by default the GPU if there is one. The
            search runs on the CPU, which maps the index into memory.
        approximate (bool): Search with faiss through the lists of ``tools/retrieve.py approximate``
            in place of all rows. How much it misses is in ``retriever.recall``.
        trust (bool): Use an index that this user did not make on this machine. Its config then says
            which registered parts are built and which checkpoint is read, and faiss reads its lists
            with native code.

    Raises:
        FileNotFoundError: The index, the checkpoint or the lists are not there.
        PermissionError: This user did not make the index, and ``trust`` is not set.
        ValueError: The checkpoint or the index is of another network, or the index is damaged.

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
                f'the checkpoint of {self.index.folder} is not at {checkpoint}: say where it is '
                'with checkpoint= (--checkpoint on the command line)'
            )
        if not len(self.index):
            raise ValueError(f'{self.index.folder} has no image yet: run its index command again')
        try:
            model = load_network(from_json(self.index.meta['config']), checkpoint, device)
            self.index.check_same(describe_network(model))
            super().__init__(model)
        except (OSError, ValueError):
            raise
        except Exception as error:  # networks and transforms may raise anything for their settings
            what = f'{type(error).__name__}: {error}'
            raise ValueError(f'{self.index.folder} has a config that fails: {what}') from error
        lists = ApproximateSearch(self.index, trust) if approximate else None
        self._search = lists or self._exact
        self.recall = lists.about['recall'] if lists else 1.0
        self._classes = set(self.index.classes)

    def __call__(
        self,
        inputs: str | Path | np.ndarray | list,
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
            top_k (int): Neighbours of each query, at least 1. An image of the index that is itself
                the query is left out, by its path behind all links.
            batch_size (int): Images at once, at least 1.
            html (str | Path, optional): Write a page that shows the results, see
                :func:`npid_mm.visualization.neighbor_page`.
            page_images (int): Images of the index on the page, if the results name fewer.
            force (bool): Let the page replace a file that is not such a page.

        Returns:
            list[dict]: For each query ``query`` (path, or None for an array), ``label`` (the
            nearest folder above the file that is named as a class of the index), ``neighbors``, the
            most similar first (``path``, ``label``, ``similarity``, ``index``), and ``error``, None
            or why the image cannot be read.

        Raises:
            TypeError: An input is none of these.
            OSError: Something else is in the place of the page, or it cannot be written.
            ValueError: No query can be read, a number is too small, or a query leaves the test
                pipeline in another size than the images of the index.
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
        self, inputs: list[str | np.ndarray], batch_size: int = 1
    ) -> Iterator[tuple[list[str | np.ndarray], Batch]]:
        """Batches of images as they came, and as the network takes them."""
        for start in range(0, len(inputs), batch_size):
            chunk = inputs[start : start + batch_size]
            files = ImageFiles(chunk, self.pipeline)
            yield chunk, collate_readable([files[position] for position in range(len(chunk))])

    def forward(self, inputs: tuple[list[str | np.ndarray], Batch], top_k: int) -> list[dict]:
        """Results of a batch of :meth:`preprocess`."""
        images, batch = inputs
        results = [self._result(image) for image in images]
        for position, reason in batch.unreadable.items():
            results[position]['error'] = f'cannot read {image_name(images[position])}: {reason}'
        if batch.positions:
            check_size(batch.size, self.index.meta['size'])
            query = batch_features(self.model, batch.data, index_feature(self.config))[0].cpu()
            # one more, in place of the query itself
            similarity, index = self._search(query, min(top_k + 1, len(self.index)))
            for row, position in enumerate(batch.positions):
                found = zip(similarity[row].tolist(), index[row].tolist(), strict=True)
                neighbors = [self._neighbor(*each) for each in found if each[1] >= 0]
                own = results[position]['query'] and realpath(results[position]['query'])
                results[position]['neighbors'] = [
                    each for each in neighbors if realpath(each['path']) != own
                ][:top_k]
        return results

    def visualize(
        self,
        ori_inputs: list[str | np.ndarray],
        preds: list[dict],
        html: str | Path | None = None,
        page_images: int = 500,
    ) -> None:
        """Write the page of the results, if it is asked for."""
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
        images = [in_rgb(ori_inputs[number]) for number in answered]
        parts = self.index.folder.resolve().parts[-2:]
        labels = [preds[number]['label'] for number in answered]
        neighbor_page(
            images + [entry.path for entry in entries],
            of_queries + of_members,
            queries=len(answered),
            labels=labels + [entry.label for entry in entries],
            total=len(self.index),
            recall=self.recall,
            title=f'Nearest neighbors in {printable_path("/".join(parts))}',
            out=html,
            reader=self.pipeline.reader,
        )

    def postprocess(self, preds: list[dict], visualization: None, return_datasamples: bool):
        """Refuse queries of which none can be read; the results are complete already."""
        errors = [each['error'] for each in preds if each['error'] is not None]
        if errors and len(errors) == len(preds):
            raise ValueError('no query can be read:\n  ' + '\n  '.join(errors))
        return preds

    def _init_pipeline(self, cfg: Config):
        return ImagePipeline(cfg)

    def _inputs_to_list(self, inputs) -> list[str | np.ndarray]:
        return query_images(inputs)

    def _exact(self, query: Tensor, k: int) -> tuple[Tensor, Tensor]:
        return nearest_neighbors(query, self.index.rows, k)

    def _result(self, image: str | np.ndarray) -> dict:
        """The result of a query before it is answered."""
        path = None if isinstance(image, np.ndarray) else abspath(image)
        above = [folder.name for folder in Path(path).parents] if path else []
        label = next((name for name in above if name in self._classes), None)
        return {'query': path, 'label': label, 'neighbors': [], 'error': None}

    def _neighbor(self, similarity: float, index: int) -> dict:
        path, label = self.index[index]
        # rows are at most 1 long, but for the last bit of a sum
        similarity = max(-1.0, min(1.0, similarity))
        return {'path': path, 'label': label, 'similarity': similarity, 'index': index}
