"""Fill a network from a checkpoint: completely, or not at all."""

from collections.abc import Collection, Mapping
from pathlib import Path

from torch import Tensor, nn

from .network import PREFIXES, backbone_weights, listed, pick_backbone

COUNTER = 'num_batches_tracked'  # of batch norms, which old checkpoints lack and nothing needs
MISSING, RESHAPED = 'missing', 'of another shape'  # kinds of misfit
BACKBONE = 'backbone.'


def load_backbone(backbone: nn.Module, path: str | Path) -> None:
    """Load all weights of ``backbone`` from a checkpoint, or none of them.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file holds no backbone, or another one. The message lists keys that are
            missing, unexpected or of another shape.
    """
    weights = backbone_weights(path)
    report = fit_report(backbone.state_dict(), weights)
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
    """Weights for every part of a network, under the network's own names.

    A part is what has one name before the first dot: backbone, neck, head. The backbone is found
    under the names of any code base, see :func:`pick_backbone`; the other parts go by their own
    names, with or without ``module.`` in front. Keys of the checkpoint that belong to no part are
    left out, but the backbone must use all that the checkpoint's backbone has.

    Args:
        own (Mapping[str, Tensor]): State dict of the network.
        given (Mapping[str, Tensor]): State dict of the checkpoint.
        advice (str): What to do, which ends the message of a refusal.
        optional (Collection[str]): Parts that the checkpoint may lack as a whole. One of which it
            has some weights must be complete too.

    Returns:
        tuple[dict[str, Tensor], list[str]]: The weights, and the optional parts that are absent.

    Raises:
        ValueError: A weight is missing, of another shape, or not finite, or the checkpoint's
            backbone has a weight that the network's lacks.
    """
    tensors = {name: each for name, each in given.items() if isinstance(each, Tensor)}
    filled = {f'{BACKBONE}{name}': each for name, each in pick_backbone(tensors).items()}
    for key, value in tensors.items():
        name = key.removeprefix('module.')
        if name in own and not name.startswith(BACKBONE):
            filled[name] = value
    parts = {name.partition('.')[0] for name in filled}
    absent = sorted({name.partition('.')[0] for name in own} & set(optional) - parts)
    own = {name: each for name, each in own.items() if name.partition('.')[0] not in absent}
    report = fit_report(own, filled)
    if report:
        kinds = misfits(own, filled)
        unfilled = len(kinds.get(MISSING, [])) + len(kinds.get(RESHAPED, []))
        raise ValueError(
            f'the checkpoint does not fit the model: {unfilled} of {len(own)} weights would stay '
            f'unfilled ({report}); it holds {len(tensors)}: {listed(list(tensors)) or "nothing"}'
            f'{_prefix_hint(own, tensors)}; {advice}'
        )
    broken = non_finite(filled)
    if broken:
        raise ValueError(
            f'the checkpoint holds NaN or infinity in {len(broken)} of {len(filled)} weights '
            f'({listed(broken)}): its training diverged, give an earlier checkpoint'
        )
    return filled, absent


def _prefix_hint(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """A sentence for a checkpoint that has the backbone under an unknown prefix, or nothing."""
    names = [name.removeprefix(BACKBONE) for name in own if name.startswith(BACKBONE)]
    needed = [name for name in names if not name.endswith(COUNTER)]
    for key in given:
        prefix = key.removesuffix(needed[0]) if needed and key.endswith(needed[0]) else ''
        known = prefix.removeprefix('module.') in ('', *PREFIXES)
        if not known and all(f'{prefix}{name}' in given for name in needed):
            return f' (the backbone is there with {prefix!r} in front of each name: take that off)'
    return ''


def non_finite(state: Mapping[str, Tensor]) -> list[str]:
    """List the tensors of a state dict that hold NaN or infinity."""
    return [
        name
        for name, value in state.items()
        if isinstance(value, Tensor) and value.is_floating_point() and not value.isfinite().all()
    ]


def fit_report(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """List what keeps the state dict ``given`` from filling ``own``; empty if nothing does."""
    return '; '.join(
        f'{len(names)} {kind}: {listed(names)}' for kind, names in misfits(own, given).items()
    )


def misfits(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, list[str]]:
    """What keeps ``given`` from filling ``own``: names by their kind, of the kinds there are."""
    given = {name: value for name, value in given.items() if isinstance(value, Tensor)}
    missing = [name for name in own if name not in given and not name.endswith(COUNTER)]
    unexpected = [name for name in given if name not in own]
    reshaped = [
        f'{name} {tuple(given[name].shape)} instead of {tuple(value.shape)}'
        for name, value in own.items()
        if name in given and given[name].shape != value.shape
    ]
    kinds = {MISSING: missing, 'unexpected': unexpected, RESHAPED: reshaped}
    return {kind: names for kind, names in kinds.items() if names}
