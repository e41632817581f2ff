"""Fill a network from a checkpoint: completely, or not at all."""

from collections.abc import Collection, Mapping
from pathlib import Path

from torch import Tensor, nn

from npid_mm.utils.text import preview

from .network import COUNTER, PREFIXES, backbone_weights, pick_backbone

MISSING, UNEXPECTED, RESHAPED = 'missing', 'unexpected', 'of another shape'
BACKBONE = 'backbone.'


def load_backbone(backbone: nn.Module, path: str | Path) -> None:
    """Load all weights of ``backbone`` from a checkpoint, or none of them.

    Args:
        backbone (nn.Module): Network to fill.
        path (str | Path): File or URL of a checkpoint of any code base.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file holds no backbone, or another one. The message lists the keys that
            are missing, unexpected or of another shape.

    Example:
        >>> load_backbone(network, 'checkpoint.pth')  # doctest: +SKIP
    """
    own = backbone.state_dict()
    weights = backbone_weights(path, own)
    report = fit_report(own, weights)
    if report:
        raise ValueError(
            f'{path} does not fit the backbone {type(backbone).__name__}: {report}: make '
            'model.backbone the network of the checkpoint, or give the checkpoint of this one'
        )
    backbone.load_state_dict(weights)


def complete_state(
    own: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    advice: str,
    optional: Collection[str] = (),
) -> tuple[dict[str, Tensor], list[str]]:
    """Find weights for every part of a network, under the network's own names.

    A part is named before the first dot: backbone, neck, head. The backbone is found under the
    names of any code base, see :func:`~npid_mm.checkpoints.pick_backbone`; other parts have the
    network's own names, with or without ``module.`` in front. Other keys of the checkpoint are left
    out, except that the network must use all of the checkpoint's backbone.

    Args:
        own (Mapping[str, Tensor]): State dict of the network.
        given (Mapping[str, Tensor]): State dict of the checkpoint.
        advice (str): End of the message: what to do.
        optional (Collection[str]): Parts that may be missing as a whole.

    Returns:
        tuple[dict[str, Tensor], list[str]]: The weights, and the optional parts that are missing.

    Raises:
        ValueError: If a weight is missing, of another shape or not finite, or if the checkpoint's
            backbone has a weight that the network lacks.
    """
    tensors = _tensors(given)
    names = [name.removeprefix(BACKBONE) for name in own if name.startswith(BACKBONE)]
    backbone = pick_backbone(tensors, names)
    filled = {f'{BACKBONE}{name}': each for name, each in backbone.items()}
    for key, value in tensors.items():
        name = key.removeprefix('module.')
        if name in own and not name.startswith(BACKBONE):
            filled[name] = value
    parts = {name.partition('.')[0] for name in filled}
    absent = sorted({name.partition('.')[0] for name in own} & set(optional) - parts)
    own = {name: each for name, each in own.items() if name.partition('.')[0] not in absent}
    kinds = misfits(own, filled)
    if kinds:
        unfilled = len(kinds.get(MISSING, [])) + len(kinds.get(RESHAPED, []))
        raise ValueError(
            f'the checkpoint does not fit the model: {unfilled} of {len(own)} weights would stay '
            f'unfilled ({describe_misfits(kinds)}); it holds {len(tensors)}: '
            f'{preview(tensors) or "nothing"}{_prefix_hint(own, tensors)}; {advice}'
        )
    broken = non_finite(filled)
    if broken:
        raise ValueError(
            f'the checkpoint holds NaN or infinity in {len(broken)} of {len(filled)} weights '
            f'({preview(broken)}): its training diverged, give an earlier checkpoint'
        )
    return filled, absent


def _prefix_hint(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """Return a remark if the checkpoint has the backbone under an unknown prefix."""
    names = [name.removeprefix(BACKBONE) for name in own if name.startswith(BACKBONE)]
    needed = [name for name in names if not name.endswith(COUNTER)]
    for key in given:
        prefix = key.removesuffix(needed[0]) if needed and key.endswith(needed[0]) else ''
        known = prefix.removeprefix('module.') in ('', *PREFIXES)
        if not known and all(f'{prefix}{name}' in given for name in needed):
            return f' (the backbone has {prefix!r} in front of each name: remove it)'
    return ''


def non_finite(state: Mapping[str, object]) -> list[str]:
    """List the tensors of a state dict that hold NaN or infinity.

    Example:
        >>> non_finite({'weight': torch.tensor([1.0, torch.nan])})
        ['weight']
    """
    return [
        name
        for name, value in _tensors(state).items()
        if value.is_floating_point() and not value.isfinite().all()
    ]


def fit_report(own: Mapping[str, Tensor], given: Mapping[str, object]) -> str:
    """Describe why the state dict ``given`` does not fill ``own``; '' if it does.

    Example:
        >>> fit_report({'weight': torch.zeros(2)}, {'bias': torch.zeros(2)})
        '1 missing: weight; 1 unexpected: bias'
    """
    return describe_misfits(misfits(own, given))


def describe_misfits(kinds: Mapping[str, list[str]]) -> str:
    """Describe the result of :func:`misfits`."""
    return '; '.join(f'{len(names)} {kind}: {preview(names)}' for kind, names in kinds.items())


def misfits(own: Mapping[str, Tensor], given: Mapping[str, object]) -> dict[str, list[str]]:
    """List the names that are missing, unexpected or of another shape, by these kinds."""
    tensors = _tensors(given)
    kinds = {
        MISSING: [name for name in own if name not in tensors and not name.endswith(COUNTER)],
        UNEXPECTED: [name for name in tensors if name not in own],
        RESHAPED: [
            f'{name} {tuple(tensors[name].shape)} instead of {tuple(value.shape)}'
            for name, value in own.items()
            if name in tensors and tensors[name].shape != value.shape
        ],
    }
    return {kind: names for kind, names in kinds.items() if names}


def _tensors(state: Mapping[str, object]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}
