"""Networks that can be trained on a user's images by their names."""

from typing import Any

from mmpretrain.registry import MODELS

from npid_mm.config.checks.class_lookup import arguments_of
from npid_mm.utils.text import suggestion

WINDOWS = 224  # pixels below which Swin's last maps are smaller than its windows
SMALL = 64  # pixels up to which images get a stem of one 3 x 3 convolution, without pooling
# name -> depth, and channels of the first stage, of the ResNets
NETWORKS = {
    'resnet18': (18, 64),
    'resnet34': (34, 64),
    'resnet50': (50, 64),
    'resnet101': (101, 64),
    'resnet18-w32': (18, 32),
    'resnet18-w16': (18, 16),
}
# of MMPretrain: beginning of a name, before `_` and the architecture -> settings
FAMILIES = {
    'vit': dict(type='VisionTransformer'),
    'convnext': dict(type='ConvNeXt'),
    'mobilenet_v3': dict(type='MobileNetV3'),
    'efficientnet': dict(type='EfficientNet'),
    'swin': dict(type='SwinTransformer'),
}
LIBRARIES = ('timm', 'torchvision', 'mmpretrain')
ANY = 'timm/NAME, torchvision/NAME or mmpretrain/NAME'
# what a model of the zoo says about its weights and their training
TRAINING = ('init_cfg', 'frozen_stages')


def network_config(name: str, image_size: int) -> dict:
    """Return the settings of a network, for ``model.backbone`` in a config.

    A ResNet for images of at most :data:`SMALL` pixels, and those of less width, have the stem of
    the ResNets for CIFAR.

    Args:
        name (str): One of :data:`NETWORKS`; ``timm/NAME`` or ``torchvision/NAME``, see
            :class:`~npid_mm.models.LibraryBackbone`; or ``mmpretrain/NAME``: one of
            :data:`FAMILIES` with its architecture, such as ``convnext_tiny``, or a model of
            MMPretrain's zoo.
        image_size (int): Height and width that the network sees.

    Raises:
        ValueError: If no network has this name. Names of timm and torchvision are checked when
            the network is built.
    """
    library, slash, own = str(name).partition('/')
    if slash and library == 'mmpretrain':
        return _mmpretrain_config(own, image_size)
    if slash and library in LIBRARIES:
        return dict(type='LibraryBackbone', library=library, name=own, image_size=image_size)
    if name not in NETWORKS:
        there = f'there are {", ".join(NETWORKS)}, {ANY}'
        hint = suggestion(str(name), NETWORKS, '', 0.7)
        raise ValueError(
            f'model must be the name of a network, got {name!r}: {hint and f"{hint} "}{there}'
        )
    depth, width = NETWORKS[name]
    small = image_size <= SMALL or width < 64
    return dict(
        type='ResNet_CIFAR' if small else 'ResNet',
        depth=depth,
        stem_channels=width,
        base_channels=width,
        out_indices=(3,),
        norm_cfg=dict(type='BN'),
        zero_init_residual=True,  # as in _base_/models/npid_resnet18-w32.py
    )


def _mmpretrain_config(name: str, image_size: int) -> dict:
    """Return the settings of a backbone of MMPretrain."""
    family = next((each for each in FAMILIES if name.startswith(f'{each}_')), None)
    if family:
        backbone: dict = dict(FAMILIES[family], arch=name.removeprefix(f'{family}_'))
    else:
        backbone = _zoo_backbone(name)
    if 'img_size' in arguments_of(MODELS.get(backbone['type']))[0]:
        backbone['img_size'] = image_size
    if family == 'swin' and image_size < WINDOWS:
        backbone['pad_small_map'] = True
    return backbone


def _zoo_backbone(name: str) -> dict:
    model = zoo_model(name).config.get('model') or {}
    if not isinstance(model.get('backbone'), dict):
        raise ValueError(f'mmpretrain/{name} has no backbone for images alone: give another model')
    return {key: value for key, value in model['backbone'].items() if key not in TRAINING}


def zoo_model(name: str) -> Any:
    """Return config and weights of a model of MMPretrain's zoo.

    Raises:
        ValueError: If there is no model of this name.
    """
    from mmpretrain.apis import ModelHub, list_models

    names = list_models()
    if name not in names:
        hint = suggestion(name, names, 'mmpretrain.list_models() lists them', 0.5, 'mmpretrain/')
        raise ValueError(
            f'mmpretrain/NAME must be {", ".join(f"{each}_ARCH" for each in FAMILIES)} or a model '
            f'of the zoo, got {name!r}: {hint}'
        )
    return ModelHub.get(name)
