"""Networks that can be trained on a user's images by their names."""

from npid_mm.config.checks.class_lookup import suggestion

SMALL = 64  # pixels up to which images get a stem of one 3 x 3 convolution, without pooling
EXPANSION = {18: 1, 34: 1, 50: 4, 101: 4}  # depth -> channels of a block's output over its own
# name -> depth, and channels of the first stage of those for small images
NETWORKS = {
    'resnet18': (18, 64),
    'resnet34': (34, 64),
    'resnet50': (50, 64),
    'resnet101': (101, 64),
    'resnet18-w32': (18, 32),
    'resnet18-w16': (18, 16),
}


def network_config(name: str, image_size: int) -> dict:
    """Return the settings of a network, as a part of ``model`` in a config.

    A ResNet for images of at most :data:`SMALL` pixels, and those of less width, have the stem of
    the ResNets for CIFAR.

    Args:
        name (str): One of :data:`NETWORKS`.
        image_size (int): Height and width that the network sees.

    Returns:
        dict: ``backbone``, and ``in_channels`` of ``neck``.

    Raises:
        ValueError: If no network has this name.
    """
    if name not in NETWORKS:
        there = f'there are {", ".join(NETWORKS)}'
        hint = suggestion(str(name), NETWORKS, '', 0.7)
        raise ValueError(
            f'model must be the name of a network, got {name!r}: {hint and f"{hint} "}{there}'
        )
    depth, width = NETWORKS[name]
    small = image_size <= SMALL or width < 64
    backbone = dict(
        type='ResNet_CIFAR' if small else 'ResNet',
        depth=depth,
        stem_channels=width,
        base_channels=width,
        out_indices=(3,),
        norm_cfg=dict(type='BN'),
        zero_init_residual=True,  # as in _base_/models/npid_resnet18-w32.py
    )
    return dict(backbone=backbone, neck=dict(in_channels=8 * width * EXPANSION[depth]))
