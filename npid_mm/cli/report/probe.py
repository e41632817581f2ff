"""Images of a probe, their features in several representations, and how well these classify."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor
from torch.nn import functional as F

from npid_mm.api.embed import embed_named
from npid_mm.datasets.image_folders.folder_split import hold_out, read_folder
from npid_mm.datasets.image_folders.image_sources import NamedImages
from npid_mm.evaluation import bootstrap_interval, nearest_neighbors, probe_hits
from npid_mm.images import ImageReader
from npid_mm.visualization import neighbor_sheet, sample_across_classes
from npid_mm.visualization.pages.probe_page import Figure, ProbeTable

EVERY = 5  # one image in five of each class is held out if the folders are not a split
PIXELS = 16  # side of the images whose raw pixels are compared
QUERIES, NEIGHBORS = 4, 8  # of the pictures, for each representation
COLUMNS = {'knn': 'kNN, K = 10', 'linear': 'linear', 'few_labels': 'linear, 5 labels per class'}


@dataclass
class Probe:
    """Labeled images, some of which are held out.

    Attributes:
        name (str): Name in the report.
        images (NamedImages): The images; the held-out ones are last.
        remarks (list[str]): How they were split.
    """

    name: str
    images: NamedImages
    remarks: list[str]


def read_probe(name: str, folder: str | Path) -> Probe:
    """Find the images of a folder with class subfolders, and hold some out if it has no split.

    Raises:
        FileNotFoundError: If the folder is missing or has no image.
        ValueError: If its subfolders are not classes, or too few images can be held out.
    """
    found, layout = read_folder(folder)
    if len(set(layout.labels.values())) < 2:
        raise ValueError(
            f'--probe {name} must have a subfolder of images for each of at least two classes, got '
            f'{folder}'
        )
    if not layout.held_out:
        hold_out(layout, EVERY)
    names = layout.train + layout.held_out
    images = NamedImages()
    images.add(
        [os.path.join(found.root, each) for each in names],
        [layout.labels[each] for each in names],
        len(layout.held_out),
    )
    return Probe(name, images, [*layout.remarks, *found.remarks()])


def pixel_rows(paths: Sequence[str]) -> Tensor:
    """Return unit rows (N, 768) of images reduced to 16 x 16 pixels."""
    reader, size = ImageReader(), (PIXELS, PIXELS)
    rows = [
        cv2.resize(reader.picture(path), size, interpolation=cv2.INTER_AREA).ravel()
        for path in paths
    ]
    return F.normalize(torch.from_numpy(np.stack(rows)).float())


def examine(
    probe: Probe, networks: Mapping[str, Sequence[BaseModel]], sheet: Path, workers: int = 2
) -> ProbeTable:
    """Embed the images of a probe with networks, classify them and draw neighbors.

    Args:
        probe (Probe): The images. Unreadable ones are left out.
        networks (Mapping[str, Sequence[BaseModel]]): Name -> networks whose results are averaged.
            The last one is compared with the best of the others.
        sheet (Path): Picture to write.
        workers (int): Processes that load images.

    Raises:
        ValueError: If no image can be read, or held-out images or training images are missing.
    """
    images, features = probe.images, {}
    for name, models in networks.items():
        found = [embed_named(model, images, workers=workers) for model in models]
        features[name] = [torch.from_numpy(each.vectors) for each in found]
    paths = found[-1].paths  # those that can be read
    place = {path: row for row, path in enumerate(images.paths)}
    rows = [place[path] for path in paths]
    names = sorted({images.labels[row] or '' for row in rows})
    labels = torch.tensor([names.index(images.labels[row] or '') for row in rows])
    held_out = torch.tensor([images.held_out[row] for row in rows])
    features = {f'raw pixels, {PIXELS} x {PIXELS}': [pixel_rows(paths)], **features}
    hits = {name: _mean_hits(each, labels, held_out) for name, each in features.items()}
    _draw(features, paths, labels, held_out, names, sheet)
    table = {name: [_figure(found[key]) for key in COLUMNS] for name, found in hits.items()}
    *others, own = hits
    best = {key: max(others, key=lambda each: float(hits[each][key].mean())) for key in COLUMNS}
    table[f'{own} minus the best other'] = [
        _figure(hits[own][key] - hits[best[key]][key]) for key in COLUMNS
    ]
    count = f'{int((~held_out).sum()):,} images to fit on, {int(held_out.sum()):,} held out'
    about = '; '.join([f'{count}, {len(names)} classes', *probe.remarks])
    if lost := len(images.paths) - len(paths):
        about += f'; unreadable images left out: {lost}'
    return ProbeTable(probe.name, about, list(COLUMNS.values()), table, sheet)


def _mean_hits(features: Sequence[Tensor], labels: Tensor, held_out: Tensor) -> dict[str, Tensor]:
    """Return the share of right answers of each held-out image, over several networks."""
    found = [
        probe_hits(each[~held_out], labels[~held_out], each[held_out], labels[held_out])
        for each in features
    ]
    return {key: torch.stack([each[key] for each in found]).mean(dim=0) for key in COLUMNS}


def _figure(values: Tensor) -> Figure:
    return Figure(float(values.mean()), *bootstrap_interval(values))


def _draw(
    features: Mapping[str, Sequence[Tensor]],
    paths: Sequence[str],
    labels: Tensor,
    held_out: Tensor,
    names: list[str],
    out: Path,
) -> None:
    """Draw the nearest images of the same held-out images in each representation."""
    searched, asked = (mask.nonzero().flatten() for mask in (~held_out, held_out))
    chosen = asked[sample_across_classes(labels[asked].tolist(), QUERIES)]
    found = [
        nearest_neighbors(each[0][chosen], each[0][searched], NEIGHBORS)
        for each in features.values()
    ]
    index = searched[torch.cat([each[1] for each in found])]
    neighbor_sheet(
        [paths[row] for row in chosen] * len(features),
        [[paths[row] for row in each] for each in index.tolist()],
        torch.cat([each[0] for each in found]),
        query_labels=labels[chosen].repeat(len(features)).tolist(),
        neighbor_labels=labels[index].tolist(),
        class_names=names,
        out=out,
        title=f'Nearest images of {len(chosen)} held-out images',
        sections=dict.fromkeys(features, len(chosen)),
    )
