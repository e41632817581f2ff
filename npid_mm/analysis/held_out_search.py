"""What pictures of a checkpoint show: its bank, and held-out images with their neighbours."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS
from torch import Tensor
from torch.utils.data import Dataset

from npid_mm.checkpoints.convert.state import check_bank
from npid_mm.checkpoints.network import checkpoint_content, network_state
from npid_mm.checkpoints.reorder_bank import BANK
from npid_mm.config.training_images import with_test_images
from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.datasets.image_folders.folder_layout import folder_classes
from npid_mm.engine.features import readable_features, tolerate_unreadable
from npid_mm.engine.inference import index_feature, load_network
from npid_mm.evaluation import nearest_neighbors, weighted_vote
from npid_mm.evaluation.functional.knn import exclude_self
from npid_mm.utils.checks import check_whole

from .stored_images import data_expected

TEMPERATURE = 0.07  # tau of the kNN test's vote, unless the config says otherwise
NO_LABELS = (
    'accuracy needs labels, and the test set or the training set of the config has none: without '
    'them there are the maps and the retrieval figure'
)


@dataclass(frozen=True)
class HeldOutSearch:
    """The nearest training images of held-out images.

    Attributes:
        queries (Dataset): Q held-out images, those of the config's test.
        references (Dataset): N training images.
        similarity (Tensor): (Q, K), from the most similar on.
        index (Tensor): (Q, K), which of the N the neighbours are.
        query_labels (Tensor | None): (Q,), classes; None if the data sets have none.
        reference_labels (Tensor | None): (N,), likewise.
        class_names (Sequence[str] | None): Names of the classes, if the data sets know them.
    """

    queries: Dataset
    references: Dataset
    similarity: Tensor
    index: Tensor
    query_labels: Tensor | None
    reference_labels: Tensor | None
    class_names: list[str] | None

    def predictions(self, temperature: float = TEMPERATURE) -> Tensor:
        """Class (Q,) that the weighted vote of the K neighbours gives each query.

        Raises:
            ValueError: The data sets have no labels.
        """
        if self.query_labels is None:
            raise ValueError(NO_LABELS)
        classes = int(torch.cat([self.query_labels, self.reference_labels]).max()) + 1
        neighbors = self.reference_labels[self.index]
        scores = weighted_vote(self.similarity, neighbors, neighbors.shape[1], temperature, classes)
        return scores.argmax(dim=1)


def search_held_out(
    cfg: Config, checkpoint: str, k: int = 10, labeled: bool = False
) -> HeldOutSearch:
    """Search the test images of a config among its training images, as its kNN test does.

    ``test_cfg.reference`` says what is searched: 'bank', the default, takes the rows of the
    checkpoint, a data loader's config computes the features of its images again. A config
    without a test set searches its training images among each other.

    Args:
        cfg (Config): A pretraining config, with the loader defaults of
            :func:`~npid_mm.engine.launch.load_config`.
        checkpoint (str): File or address.
        k (int): K, at least 1; more than N means all N.
        labeled (bool): Refuse data sets without labels, before any feature is computed.

    Raises:
        FileNotFoundError: There is no such checkpoint or data set.
        ValueError: The checkpoint is not of this network or training set, has no bank where one
            is asked for or pooled features are, ``k`` is too small, or labels are missing.
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
    if any(each is None for each in labels):  # one side alone says nothing of right and wrong
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


def load_bank(cfg: Config, checkpoint: str) -> tuple[Tensor, Dataset]:
    """Rows (N, D) of a checkpoint's memory bank as stored, and the training set they belong to.

    Args:
        cfg (Config): The pretraining config.
        checkpoint (str): File or address.

    Raises:
        FileNotFoundError: There is no such checkpoint or data set.
        ValueError: The checkpoint has no bank of rows, or the training set another length.
    """
    state = network_state(checkpoint_content(checkpoint))
    if BANK not in state:
        raise ValueError(
            f'{checkpoint} has no memory bank ({BANK}): give the checkpoint of a pretraining'
        )
    check_bank(state[BANK])
    if not cfg.get('train_dataloader'):
        raise ValueError("the bank's images are those of train_dataloader, the config has none")
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    with data_expected('training set', 'train_dataloader'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if len(state[BANK]) != len(dataset):
        raise ValueError(
            f'the memory bank has {len(state[BANK])} rows, but the training set has '
            f'{len(dataset)} images: give the data that the checkpoint was trained on'
        )
    return state[BANK], dataset


def labels_if_any(dataset: Dataset) -> Tensor | None:
    """Classes (N,) of a data set, or None if it has none at all.

    Raises:
        ValueError: Some samples have a label and others not, or several.
    """
    labeled = any(
        dataset.get_data_info(index).get('gt_label') is not None for index in range(len(dataset))
    )
    return dataset_labels(dataset) if labeled else None


def class_names(*datasets: Dataset) -> list[str] | None:
    """Names of the classes of data sets: those one of them says, or those of their folders.

    Folders count below the one that has all images, see
    ``image_folders.folder_layout.read_layout``, or else those that the images lie in. None if
    neither have one name for each class.
    """
    for dataset in datasets:
        said = (getattr(dataset, 'metainfo', None) or {}).get('classes')
        if said:
            return list(said)
    labels, paths = [], []
    for info in (each.get_data_info(index) for each in datasets for index in range(len(each))):
        if info.get('gt_label') is None or 'img_path' not in info:
            return None
        labels.append(info['gt_label'])
        paths.append(info['img_path'])
    parents = [Path(path).parent for path in paths]
    common = os.path.commonpath(parents)
    names = [os.path.relpath(path, common) for path in paths]
    classes, _ = folder_classes(names)
    for folders in (list(map(classes.get, names)), [parent.name for parent in parents]):
        names = dict(zip(labels, folders, strict=True))
        pairs = set(zip(labels, folders, strict=True))
        if None not in folders and len(pairs) == len(names) == len(set(names.values())):
            return [names.get(label, str(label)) for label in range(max(names) + 1)]
    return None
