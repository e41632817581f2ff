"""Compute the features of every layer of a data set, and keep them in files."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.dist import all_gather, broadcast_object_list, is_main_process
from mmengine.model import BaseModel
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from npid_mm.engine.features import BROKEN_WEIGHTS, check_complete, check_in_order
from npid_mm.utils.atomic_io import atomic_path, write_atomic
from npid_mm.utils.checks import non_finite_rows


class LayerFeatures:
    """Features of a data set in files ``<layer>_<split>.npy``, (N, D) float32.

    The layers feature1, feature2, ... are the outputs of the model's neck. Files are atomic. Only
    rank 0 reads and writes them.

    Args:
        folder (Path): Folder of the files, one per model and data set.
        split (str): Name of the data set.
    """

    def __init__(self, folder: Path, split: str):
        self.folder = folder
        self.split = split

    def path(self, layer: str) -> Path:
        """Return the file of a layer."""
        return self.folder / f'{layer}_{self.split}.npy'

    def layers(self) -> list[str]:
        """Return the names of the layers, empty before the first batch."""
        return json.loads(self._list.read_text()) if self._list.exists() else []

    def load(self, layer: str) -> Tensor:
        """Load the features (N, D) of a layer, float32, on the CPU."""
        return torch.from_numpy(np.load(self.path(layer)))

    @property
    def _list(self) -> Path:
        return self.folder / f'layers_{self.split}.json'

    @torch.no_grad()
    def extract(self, model: BaseModel, dataloader: DataLoader) -> None:
        """Write the missing files in one pass; must be called on all ranks.

        Args:
            model (BaseModel): MMPretrain's ImageClassifier, not wrapped, in evaluation mode.
            dataloader (DataLoader): In order over the ranks (``DefaultSampler(shuffle=False)``).

        Raises:
            ValueError: If a feature is not finite, the sampler shuffles, or images are dropped.
        """
        check_in_order(dataloader)
        known = self.layers()
        # rank 0 decides: other ranks may have another disk
        state = [bool(known) and all(self.path(layer).exists() for layer in known)]
        broadcast_object_list(state)
        if state[0]:
            return
        dataset: Any = dataloader.dataset
        count, done = len(dataset), 0
        files: dict[str, BinaryIO] | None = None
        hidden = not is_main_process()
        # the files appear when the block ends without an error
        with ExitStack() as stack:
            for data_batch in track(dataloader, f'features of {self.split}', disable=hidden):
                rows = _all_ranks(batch_layers(model, data_batch), count - done)
                self._check(rows, done, dataset)
                if is_main_process():
                    files = self._open(rows, count, stack) if files is None else files
                    for layer, file in files.items():
                        file.write(rows[layer].numpy().data)
                done += len(rows['feature1'])
            check_complete(done, count)

    def _open(self, rows: dict[str, Tensor], count: int, stack: ExitStack) -> dict[str, BinaryIO]:
        """Open the missing files and write their headers; the stack closes them."""
        write_atomic(self._list, json.dumps(list(rows)))
        files: dict[str, BinaryIO] = {}
        for layer, feature in rows.items():
            if not self.path(layer).exists():
                files[layer] = stack.enter_context(
                    open(stack.enter_context(atomic_path(self.path(layer))), 'wb')
                )
                header = dict(descr='<f4', fortran_order=False, shape=(count, feature.size(1)))
                np.lib.format.write_array_header_1_0(files[layer], header)
        return files

    def _check(self, rows: dict[str, Tensor], done: int, dataset: BaseDataset) -> None:
        for layer, feature in rows.items():
            broken = non_finite_rows(feature)
            if len(broken):
                first = done + int(broken[0])
                info = dataset.get_data_info(first)
                raise ValueError(
                    f'{layer} of {self.split} must be finite, but {len(broken)} of the '
                    f'{len(feature)} rows from {done} on hold NaN or infinity, the first is row '
                    f'{first} ({info.get("img_path")}): {BROKEN_WEIGHTS}'
                )


def batch_layers(model: BaseModel, data_batch: dict) -> list[Tensor]:
    """Compute the outputs of the neck for a batch, (B, D) per layer, float32."""
    outputs = model.extract_feat(model.data_preprocessor(data_batch, False)['inputs'])
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    return [output.flatten(1).float() for output in outputs]


def _all_ranks(outputs: list[Tensor], left: int) -> dict[str, Tensor]:
    """Gather the rows of all ranks in the order of the data set, without padding samples."""
    return {
        f'feature{number}': torch.stack(all_gather(output), 1).flatten(0, 1)[:left].cpu()
        for number, output in enumerate(outputs, start=1)
    }
