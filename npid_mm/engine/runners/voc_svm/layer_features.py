"""Features of every layer of a whole data set, as files."""

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from mmengine.dist import all_gather, broadcast_object_list, is_main_process
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from npid_mm.utils.atomic_io import atomic_path, write_atomic


class LayerFeatures:
    """Features of a data set by each layer of a model: ``<layer>_<split>.npy``, (N, D) float32.

    The layers, feature1, feature2 and so on, are the outputs of the model's neck. A file appears
    when it is complete. What files are there is up to rank 0, which alone reads and writes them.

    Args:
        folder (Path): Where the files are. It must be another one for another model or data set.
        split (str): Names the data set.
    """

    def __init__(self, folder: Path, split: str):
        self.folder = folder
        self.split = split

    def path(self, layer: str) -> Path:
        """File of one layer."""
        return self.folder / f'{layer}_{self.split}.npy'

    def layers(self) -> list[str]:
        """Names of the layers; empty as long as no batch has told them."""
        return json.loads(self._list.read_text()) if self._list.exists() else []

    def load(self, layer: str) -> Tensor:
        """Features (N, D) of one layer, float32, on the CPU."""
        return torch.from_numpy(np.load(self.path(layer)))

    @property
    def _list(self) -> Path:
        return self.folder / f'layers_{self.split}.json'

    @torch.no_grad()
    def extract(self, model: nn.Module, dataloader: DataLoader) -> None:
        """Write the files that are missing, in one pass; called by all ranks together.

        Args:
            model (nn.Module): MMPretrain's ImageClassifier, not wrapped, in evaluation mode.
            dataloader (DataLoader): In order over the ranks (``DefaultSampler(shuffle=False)``).

        Raises:
            ValueError: A feature is not finite, the sampler shuffles, or the loader drops images.
        """
        if getattr(dataloader.sampler, 'shuffle', False):
            raise ValueError('features are read in order: give the sampler shuffle=False')
        known = self.layers()
        # what rank 0 sees counts: others may have another disk
        state = [bool(known) and all(self.path(layer).exists() for layer in known)]
        broadcast_object_list(state)
        if state[0]:
            return
        count, done, files = len(dataloader.dataset), 0, None
        shown = is_main_process()
        # the files appear when the block ends, and none does after an error
        with ExitStack() as stack:
            for data_batch in track(dataloader, f'features of {self.split}', disable=not shown):
                rows = _all_ranks(batch_layers(model, data_batch), count - done)
                self._check(rows, done, dataloader)
                if is_main_process():
                    files = self._open(rows, count, stack) if files is None else files
                    for layer, file in files.items():
                        file.write(rows[layer].numpy())
                done += len(rows['feature1'])
            if done != count:
                raise ValueError(
                    f'the data loader gave {done} of {count} samples: it must not drop its last '
                    'batch'
                )

    def _open(self, rows: dict[str, Tensor], count: int, stack: ExitStack) -> dict:
        """Begin the files of the layers that are missing; the stack closes them."""
        write_atomic(self._list, json.dumps(list(rows)))
        files = {}
        for layer, feature in rows.items():
            if not self.path(layer).exists():
                files[layer] = stack.enter_context(
                    open(stack.enter_context(atomic_path(self.path(layer))), 'wb')
                )
                header = dict(descr='<f4', fortran_order=False, shape=(count, feature.size(1)))
                np.lib.format.write_array_header_1_0(files[layer], header)
        return files

    def _check(self, rows: dict[str, Tensor], done: int, dataloader: DataLoader) -> None:
        for layer, feature in rows.items():
            broken = ~feature.isfinite().all(1)
            if broken.any():
                first = done + int(broken.nonzero()[0])
                info = dataloader.dataset.get_data_info(first)
                raise ValueError(
                    f'{layer} of {self.split} must be finite, but {int(broken.sum())} of the '
                    f'{len(feature)} rows from {done} on hold NaN or infinity, the first is row '
                    f'{first} ({info.get("img_path")}): the weights of the checkpoint are broken, '
                    'or too large for test_cfg.fp16=True'
                )


def batch_layers(model: nn.Module, data_batch: dict) -> list[Tensor]:
    """What the neck gives for a batch as the data loader makes it, (B, D) a layer, float32."""
    outputs = model.extract_feat(model.data_preprocessor(data_batch, False)['inputs'])
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    return [output.flatten(1).float() for output in outputs]


def _all_ranks(outputs: list[Tensor], left: int) -> dict[str, Tensor]:
    """Rows of all ranks in the order of the data set, without those that fill up the last ranks."""
    return {
        f'feature{number}': torch.stack(all_gather(output), 1).flatten(0, 1)[:left].cpu()
        for number, output in enumerate(outputs, start=1)
    }
