"""Where a checkpoint may be written to."""

from pathlib import Path


def check_output(out: str | Path, checkpoint: str | Path) -> None:
    """Refuse to write over the checkpoint that is read, or in the place of a folder.

    Args:
        out (str | Path): File to write.
        checkpoint (str | Path): The file, or the address, that is read.

    Raises:
        ValueError: ``out`` is that file, or a folder.
    """
    out = Path(out)
    if out.is_dir():
        raise ValueError(
            f'OUT must be a file to write, got the folder {out}: give a name in it, such as '
            f'{out / "out.pth"}'
        )
    if out.resolve() == Path(checkpoint).resolve():
        raise ValueError(f'{out} is the checkpoint itself: give another file to write')
