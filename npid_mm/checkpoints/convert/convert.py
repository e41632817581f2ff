"""Convert a checkpoint and report what happened to each key."""

from pathlib import Path

from npid_mm.checkpoints.fit import MISSING, describe_misfits
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.output_files import CHECKPOINT, check_output

from .exporters import TARGETS
from .importers import read_backbone
from .npid_state import NPIDState
from .report import report
from .torchvision_resnets import match_resnet


def extract_backbone(checkpoint: str | Path, path: str | Path, force: bool = False) -> str:
    """Write the ResNet in a checkpoint under torchvision's names, atomically.

    Args:
        checkpoint (str | Path): A file or URL that
            :func:`~npid_mm.checkpoints.backbone_weights` reads.
        path (str | Path): File to write. An existing checkpoint is replaced.
        force (bool): Also replace a file of another kind.

    Returns:
        str: A table of the keys that were renamed or left out, and the name of the ResNet.

    Raises:
        FileNotFoundError: If ``checkpoint`` does not exist.
        OSError: If ``path`` is something else than a checkpoint, or cannot be written.
        ValueError: If the checkpoint does not hold a complete ResNet of torchvision.
    """
    check_output(path, CHECKPOINT, force, 'OUT', checkpoint)
    return convert(read_backbone(checkpoint), 'torchvision', path, force)


def convert(pretrained: NPIDState, target: str, path: str | Path, force: bool = False) -> str:
    """Write an imported NPID in another format, atomically.

    Args:
        pretrained (NPIDState): Result of an importer.
        target (str): A key of :data:`~npid_mm.checkpoints.convert.exporters.TARGETS`.
        path (str | Path): File to write. An existing file of the same kind is replaced.
        force (bool): Also replace a file of another kind.

    Returns:
        str: A table of the keys that were used, renamed or left out, and remarks.

    Raises:
        OSError: If ``path`` is a file of another kind, or cannot be written.
        ValueError: If ``target`` is unknown, ``path`` is the file that was read or has a wrong
            suffix, or the backbone is incomplete or does not fit the format.
        ImportError: If a package is missing.
    """
    if target not in TARGETS:
        raise ValueError(f'target must be one of {", ".join(TARGETS)}, got {target!r}')
    output_format = TARGETS[target]
    check_output(path, output_format.output, force, 'OUT', pretrained.path)
    data = output_format.data(pretrained)
    match = match_resnet(pretrained.backbone())
    if match and match.misfits.keys() == {MISSING}:
        raise ValueError(
            f'the backbone is incomplete: of the {match.name} of torchvision, '
            f'{describe_misfits(match.misfits)}: give a checkpoint with all of it'
        )
    write_atomic(path, data)
    return report(pretrained, output_format)
