"""Output formats of the converter."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from npid_mm.checkpoints.fit import describe_misfits
from npid_mm.checkpoints.tree import file_bytes
from npid_mm.extras import optional_module
from npid_mm.utils.output_files import CHECKPOINT, SAFETENSORS, Kind

from .npid_state import BACKBONE, NPIDState
from .torchvision_resnets import match_resnet


class NotAResNetError(ValueError):
    """The backbone is not one of torchvision's ResNets."""


@dataclass(frozen=True)
class Target:
    """An output format.

    Attributes:
        pack (Callable): Function from tensors by their names in the file, and the state that they
            come from, to the bytes of the file.
        prefix (str): Prefix of the names of the tensors in the file, which is removed there; ''
            for all of NPID.
        container (str): Key of the file that holds the tensors, with a dot.
        resnet (bool): Whether the format holds torchvision's ResNets only.
        output (Kind): Kind of the file, by which an existing file is replaced or kept.
    """

    pack: Callable[[dict[str, Tensor], NPIDState], bytes]
    prefix: str = ''
    container: str = ''
    resnet: bool = False
    output: Kind = CHECKPOINT

    @property
    def complete(self) -> bool:
        """bool: Whether the format holds all of NPID, not only its backbone."""
        return not self.prefix

    def key(self, name: str) -> str:
        """Return the key in the file of the tensor that NPID calls ``name``."""
        return self.container + name.removeprefix(self.prefix)

    def data(self, pretrained: NPIDState) -> bytes:
        """Return the content of the file.

        Raises:
            NotAResNetError: If the format needs a ResNet of torchvision, and the backbone is not a
                complete one.
            ImportError: If a package is missing; the message has the command that installs it.
        """
        if self.resnet:
            _check_resnet(pretrained.backbone())
        tensors = {
            name.removeprefix(self.prefix): value
            for name, value in pretrained.state.items()
            if name.startswith(self.prefix)
        }
        return self.pack(tensors, pretrained)


def _check_resnet(weights: dict[str, Tensor]) -> None:
    match = match_resnet(weights)
    if match is None:
        raise NotAResNetError(
            f"the backbone is not a ResNet: none of its {len(weights)} weights has a ResNet's "
            f'name, the first is {next(iter(weights), "missing")}'
        )
    if match.misfits:
        raise NotAResNetError(
            f'the backbone is not the {match.name} of torchvision: '
            f'{describe_misfits(match.misfits)}'
        )


def _checkpoint(tensors: dict[str, Tensor], pretrained: NPIDState) -> bytes:
    return file_bytes(dict(meta=_metadata(pretrained), state_dict=tensors))


def _bare(tensors: dict[str, Tensor], _: NPIDState) -> bytes:
    return file_bytes(tensors)


def _safetensors(tensors: dict[str, Tensor], pretrained: NPIDState) -> bytes:
    safetensors = optional_module('safetensors.torch', 'the format safetensors')
    copies = {
        name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()
    }
    metadata = dict(_metadata(pretrained), settings=json.dumps(pretrained.settings))
    return safetensors.save(copies, metadata=metadata)


def _metadata(pretrained: NPIDState) -> dict:
    return dict(converted_from=pretrained.title, settings=pretrained.settings)


TARGETS = {
    'npid_mm': Target(_checkpoint, container='state_dict.'),
    'backbone': Target(_bare, BACKBONE),
    'torchvision': Target(_bare, BACKBONE, resnet=True),
    'timm': Target(_bare, BACKBONE, resnet=True),  # has torchvision's names
    'safetensors': Target(_safetensors, output=SAFETENSORS),
}
