"""Find the nearest training images of held-out images, and load the bank of a checkpoint."""

from dataclasses import dataclass
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS
from torch import Tensor

from npid_mm.checkpoints.convert.npid_state import check_bank
from npid_mm.checkpoints.network import checkpoint_content, network_state
from npid_mm.checkpoints.reorder_bank import BANK
from npid_mm.config.training_images import with_test_images
from npid_mm.datasets import check_same_classes
from npid_mm.engine.features import readable_features, tolerate_unreadable
from npid_mm.engine.inference import index_feature, load_network
from npid_mm.evaluation import nearest_neighbors, weighted_vote
from npid_mm.evaluation.functional.knn import exclude_self
from npid_mm.utils.checks import check_whole

from .classes import class_names, labels_if_any
from .stored_images import data_expected

TEMPERATURE = 0.07  # tau of the kNN vote, unless the config sets it
NO_LABELS = (
    'accuracy needs labels, and the test set or the training set of the config has none; maps and '
    'the retrieval figure do not need them'
)


@dataclass(frozen=True)
class HeldOutSearch:
    """The nearest training images of held-out images.

    Attributes:
        queries (BaseDataset): Q held-out images, the test set of the config.
        references (BaseDataset): N training images.
        similarity (Tensor): (Q, K), in descending order.
        index (Tensor): (Q, K), positions of the neighbors among the N.
        query_labels (Tensor | None): (Q,), classes; None if a data set has none.
        reference_labels (Tensor | None): (N,), classes; None if a data set has none.
        class_names (list[str] | None): Names of the classes, if the data sets have them.
    """

    queries: BaseDataset
    references: BaseDataset
    similarity: Tensor
    index: Tensor
    query_labels: Tensor | None
    reference_labels: Tensor | None
    class_names: list[str] | None

    def predictions(self, temperature: float = TEMPERATURE) -> Tensor:
        """Predict classes (Q,) by the weighted vote of the K neighbors.

        Raises:
            ValueError: If the data sets have no labels.
        """
        if self.query_labels is None or self.reference_labels is None:
            raise ValueError(NO_LABELS)
        classes = int(torch.cat([self.query_labels, self.reference_labels]).max()) + 1
        neighbors = self.reference_labels[self.index]
        scores = weighted_vote(self.similarity, neighbors, neighbors.shape[1], temperature, classes)
        return scores.argmax(dim=1)


def search_held_out(
    cfg: Config, checkpoint: str, k: int = 10, labeled: bool = False
) -> HeldOutSearch:
    """Find the nearest training images of a config's test images, as its kNN test does.

    ``test_cfg.reference`` chooses the references: 'bank', the default, the rows of the checkpoint;
    the config of a data loader, the features of its images. Without a test set, each training image
    is searched among the others.

    Args:
        cfg (Config): A pretraining config with the defaults of its loaders.
        checkpoint (str): File or URL.
        k (int): Number of neighbors K, at least 1; more than N means all N.
        labeled (bool): Refuse data sets without labels before any feature is computed.

    Raises:
        FileNotFoundError: If the checkpoint or a data set does not exist.
        ValueError: If the checkpoint has another network or training set, or no bank; the bank is
            to be searched with pooled features; ``k`` is too small; or labels are missing.
    """
    check_whole('k', k)
    same = not cfg.get('test_dataloader')
    cfg = with_test_images(cfg)
    level = index_feature(cfg)
    reference = (cfg.get('test_cfg') or {}).get('reference', 'bank')
    if reference == 'bank' and level != 'embedding':
        raise ValueError(
            "the bank holds embeddings: test_cfg.feature must be 'embedding' with "
            f"test_cfg.reference='bank', got {level!r}"
        )
    model = load_network(cfg, checkpoint)
    with data_expected('test set', 'test_dataloader'):
        queries = Runner.build_dataloader(tolerate_unreadable(cfg.test_dataloader))
    if reference == 'bank':
        rows, references = load_bank(cfg, checkpoint)
        rows = rows.to(next(model.parameters()).device)
    else:
        with data_expected('training set', 'test_cfg.reference'):
            loader = Runner.build_dataloader(tolerate_unreadable(reference))
        rows, references = None, loader.dataset
    labels = [labels_if_any(dataset) for dataset in (queries.dataset, references)]
    if any(each is None for each in labels):  # the labels of one side are of no use
        if labeled:
            raise ValueError(NO_LABELS)
        labels = [None, None]
    else:
        check_same_classes(references, 'training set', queries.dataset, 'test set')
    names = class_names(references, queries.dataset)
    query, seen = readable_features(model, queries, level)
    asked, truth = queries.dataset.readable(seen), _at(labels[0], seen)
    searched = torch.arange(len(references))
    if rows is None:
        rows, searched = readable_features(model, loader, level)
        references, labels[1] = references.readable(searched), _at(labels[1], searched)
    similarity, index = nearest_neighbors(query, rows, k + same)
    if same:
        own = torch.searchsorted(searched, seen).to(index.device)
        similarity, index = exclude_self(similarity, index, own)
    return HeldOutSearch(
        asked, references, similarity.cpu(), index.cpu(), truth, labels[1], class_names=names
    )


def _at(labels: Tensor | None, positions: Tensor) -> Tensor | None:
    return None if labels is None else labels[positions]


def load_bank(cfg: Config, checkpoint: str) -> tuple[Tensor, BaseDataset]:
    """Load the rows (N, D) of a checkpoint's memory bank, and the training set.

    Args:
        cfg (Config): The pretraining config.
        checkpoint (str): File or URL.

    Raises:
        FileNotFoundError: If the checkpoint or the training set does not exist.
        ValueError: If the checkpoint has no bank, or the training set has another length.
    """
    state = network_state(checkpoint_content(checkpoint))
    if BANK not in state:
        raise ValueError(
            f'{checkpoint} has no memory bank ({BANK}): give the checkpoint of a pretraining'
        )
    bank: Any = state[BANK]
    check_bank(bank)
    if not cfg.get('train_dataloader'):
        raise ValueError("the bank's images are those of train_dataloader, the config has none")
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    with data_expected('training set', 'train_dataloader'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if len(bank) != len(dataset):
        raise ValueError(
            f'the memory bank has {len(bank)} rows, but the training set has '
            f'{len(dataset)} images: give the data that the checkpoint was trained on'
        )
    return bank, dataset
