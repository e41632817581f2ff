"""What a pretrained NPID can be written as."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from npid_mm.checkpoints.fit import fit_report
from npid_mm.checkpoints.tree import file_bytes
from npid_mm.extras import optional_module
from npid_mm.utils.outputs import CHECKPOINT, SAFETENSORS, Kind

from .resnet_kinds import closest_resnet
from .state import BACKBONE, NPIDState


class NotAResNetError(ValueError):
    """The backbone is not one of torchvision's ResNets."""


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        pack (Callable): Tensors by their names in the file, and where they come from -> the
            file's bytes.
        prefix (str): Beginning of the names of all that it holds, which it leaves out; empty for
            the whole of NPID.
        container (str): Key of the file below which the tensors are, with a dot.
        resnet (bool): Whether it holds torchvision's ResNets only.
        output (Kind): What a file of it is, for those that are in its place.
    """

    pack: Callable[[dict[str, Tensor], NPIDState], bytes]
    prefix: str = ''
    container: str = ''
    resnet: bool = False
    output: Kind = CHECKPOINT

    @property
    def whole(self) -> bool:
        """bool: Whether it holds all of NPID, not its backbone only."""
        return not self.prefix

    def place(self, name: str) -> str:
        """Where the file holds a tensor that is ``name`` in NPID."""
        return self.container + name.removeprefix(self.prefix)

    def data(self, pretrained: NPIDState) -> bytes:
        """The file.

        Raises:
            NotAResNetError: Only a ResNet of torchvision can be written, and this is none. The
                message lists what does not fit.
            ImportError: A package is missing. The message says what to type.
        """
        if self.resnet:
            _check_resnet(pretrained)
        tensors = {
            name.removeprefix(self.prefix): value
            for name, value in pretrained.state.items()
            if name.startswith(self.prefix)
        }
        return self.pack(tensors, pretrained)


def _check_resnet(pretrained: NPIDState) -> None:
    """Refuse a backbone that is not a whole ResNet of torchvision."""
    try:
        name, own = closest_resnet(pretrained.backbone())
    except ValueError as error:
        raise NotAResNetError(f'the backbone is no ResNet: {error}') from error
    misfit = fit_report(own, pretrained.backbone())
    if misfit:
        raise NotAResNetError(f'the backbone is not the {name} of torchvision: {misfit}')


def _checkpoint(tensors: dict[str, Tensor], pretrained: NPIDState) -> bytes:
    return file_bytes(dict(meta=_about(pretrained), state_dict=tensors))


def _bare(tensors: dict[str, Tensor], _: NPIDState) -> bytes:
    return file_bytes(tensors)


def _safetensors(tensors: dict[str, Tensor], pretrained: NPIDState) -> bytes:
    safetensors = optional_module('safetensors.torch', 'the format safetensors')
    own = {
        name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()
    }
    about = dict(_about(pretrained), settings=json.dumps(pretrained.settings))
    return safetensors.save(own, metadata=about)


def _about(pretrained: NPIDState) -> dict:
    return dict(converted_from=pretrained.title, settings=pretrained.settings)


TARGETS = {
    'npid_mm': Target(_checkpoint, container='state_dict.'),
    'backbone': Target(_bare, BACKBONE),
    'torchvision': Target(_bare, BACKBONE, resnet=True),
    'timm': Target(_bare, BACKBONE, resnet=True),  # whose ResNets have torchvision's names
    'safetensors': Target(_safetensors, output=SAFETENSORS),
}
