"""Weights that a library has for a network of a name."""

from .by_name import NETWORKS, zoo_model

PRETRAINED = 'pretrained'  # in place of a file


def library_weights(name: str) -> str:
    """Return the URL of the weights that a library has for a network.

    Args:
        name (str): See :func:`~npid_mm.config.networks.by_name.network_config`. The ResNets without
            a library have torchvision's weights.

    Raises:
        ValueError: If there are none.
        MissingExtraError: If timm is needed and not installed.

    Example:
        >>> library_weights('torchvision/resnet18')
        'https://download.pytorch.org/models/resnet18-f37072fd.pth'
    """
    library, slash, own = name.partition('/')
    url = None
    if not slash:
        url = _torchvision_url(name) if '-w' not in name and name in NETWORKS else None
    elif library == 'timm':
        url = _timm_url(own)
    elif library == 'torchvision':
        url = _torchvision_url(own)
    elif library == 'mmpretrain':
        url = zoo_model(own).weights
    if not url:
        raise ValueError(f"weights='{PRETRAINED}' needs a network with weights, got model={name}")
    return url


def _timm_url(name: str) -> str | None:
    from npid_mm.extras import optional_module

    found = optional_module('timm', 'weights of timm').get_pretrained_cfg(name)
    if found is not None and found.hf_hub_id:
        return f'https://huggingface.co/{found.hf_hub_id}/resolve/main/model.safetensors'
    return found.url if found is not None else None


def _torchvision_url(name: str) -> str | None:
    from torchvision import models

    if name not in models.list_models(module=models):
        return None
    return models.get_model_weights(name).DEFAULT.url
