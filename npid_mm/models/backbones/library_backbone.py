"""Backbones of timm and torchvision, by their names."""

from collections.abc import Iterable

from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from npid_mm.extras import optional_module
from npid_mm.utils.text import suggestion

# of torchvision: with a second classifier, with weights that need their own version number, or
# without a linear layer at the end
UNSUITABLE = ('googlenet', 'inception_v3', 'mnasnet', 'squeezenet')


@MODELS.register_module()
class LibraryBackbone(BaseBackbone):
    """Network of timm or torchvision without its last layer, the classifier.

    It maps images (B, 3, H, W) to a tuple with one tensor (B, C): maps and tokens are pooled as the
    network's own classifier has them. The weights are the library's random ones; nothing is
    downloaded.

    Args:
        library (str): 'timm' or 'torchvision'.
        name (str): Name of a network of this library, such as 'vit_small_patch16_224'.
        image_size (int, optional): Height and width of the images, for networks that are built for
            one size, such as vision transformers.
        global_pool (str, optional): Pooling of a network of timm, such as 'avg' for the mean of the
            tokens or 'token' for the class token, instead of its own.
        in_channels (int): Channels of the images; other numbers than 3 for timm only.

    Raises:
        ValueError: If there is no such library or network, or torchvision's are given
            ``global_pool`` or other channels.
        MissingExtraError: If timm is needed and not installed.

    Example:
        >>> backbone = LibraryBackbone('torchvision', 'resnet34')
        >>> (feature,) = backbone(torch.zeros(2, 3, 64, 64))  # (2, 512)
    """

    def __init__(
        self,
        library: str,
        name: str,
        image_size: int | None = None,
        global_pool: str | None = None,
        in_channels: int = 3,
    ):
        super().__init__()
        if library not in BUILDERS:
            raise ValueError(f'library must be one of {", ".join(BUILDERS)}, got {library!r}')
        self.network = BUILDERS[library](name, image_size, global_pool, in_channels)

    def init_weights(self) -> None:
        """Keep the initial weights of the library."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map images (B, 3, H, W) to features (B, C), as a tuple of one."""
        return (self.network(x),)


def _timm(
    name: str, image_size: int | None, global_pool: str | None, in_channels: int
) -> nn.Module:
    timm = optional_module('timm', 'a backbone of timm')
    if not timm.is_model(name):  # no file and no repository of a hub
        raise _unknown('timm', name, timm.list_models())
    options: dict = {} if global_pool is None else dict(global_pool=global_pool)
    if image_size and timm.get_pretrained_cfg(name).fixed_input_size:
        options['img_size'] = image_size
    return timm.create_model(name, num_classes=0, in_chans=in_channels, **options)


def _torchvision(
    name: str, image_size: int | None, global_pool: str | None, in_channels: int
) -> nn.Module:
    from torchvision import models

    if global_pool is not None:
        raise ValueError(f'global_pool must be None for torchvision, got {global_pool!r}')
    if in_channels != 3:
        raise ValueError(
            f'networks of torchvision take images of 3 channels, got {in_channels}: give one of '
            'timm, or a ResNet, ViT, ConvNeXt or Swin of MMPretrain'
        )
    names = [each for each in models.list_models(module=models) if not each.startswith(UNSUITABLE)]
    if name not in names:
        raise _unknown('torchvision', name, names)
    options = dict(image_size=image_size) if image_size and name.startswith('vit_') else {}
    network = models.get_model(name, **options)
    *_, last = (name for name, part in network.named_modules() if isinstance(part, nn.Linear))
    parent, _, child = last.rpartition('.')
    setattr(network.get_submodule(parent), child, nn.Identity())
    return network


BUILDERS = {'timm': _timm, 'torchvision': _torchvision}


def _unknown(library: str, name: str, names: Iterable[str]) -> ValueError:
    hint = suggestion(str(name), names, 'its documentation lists them', 0.6, f'{library}/')
    return ValueError(f'{library} must have a network of the name {name!r}, and has none: {hint}')
