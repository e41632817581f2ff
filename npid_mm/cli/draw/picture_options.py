"""Command-line options shared by the commands of ``npid draw``."""

import argparse
from pathlib import Path

from mmengine.config import Config

from npid_mm.cli.common.options import add_config, add_config_options, load_config
from npid_mm.utils.output_files import PICTURE, add_force, check_output


def add_picture_options(
    parser: argparse.ArgumentParser, name: str, checkpoint: bool = True, seed: bool = True
) -> None:
    """Add the arguments for config, checkpoint and picture.

    Args:
        parser (ArgumentParser): Parser of the tool.
        name (str): File name of the picture in the work dir, without suffix.
        checkpoint (bool): Whether the tool reads a checkpoint.
        seed (bool): Whether the tool samples at random.
    """
    add_config(parser, 'config of the pretraining')
    if checkpoint:
        parser.add_argument('checkpoint', help='checkpoint file or URL')
    add_out(parser, f'{name}.png in work_dir')
    if seed:
        parser.add_argument(
            '--seed', type=int, default=0, help='seed of the random samples; default: 0'
        )
    add_config_options(parser)
    parser.set_defaults(launcher='none', work_dir=None, picture=name)


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the arguments that name the picture and let it replace another file."""
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FILE',
        help=f'image to write (png or pdf); default: {default}',
    )
    add_force(parser)


def picture_file(args: argparse.Namespace, default: Path) -> Path:
    """Return the path of the picture, checked before anything is computed.

    Args:
        args (Namespace): Has the arguments of :func:`add_out`.
        default (Path): The path without ``--out``.

    Raises:
        ValueError: If the path does not end in .png or .pdf.
        OSError: If another kind of file is there, or it cannot be written.
    """
    return check_output(args.out or default, PICTURE, args.force)


def load_picture_config(args: argparse.Namespace) -> tuple[Config, Path]:
    """Read the config of :func:`add_picture_options`, and check the path of the picture.

    Returns:
        tuple: The config, and the path.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: If the path does not end in .png or .pdf.
        OSError: If another kind of file is there, or it cannot be written.
    """
    cfg = load_config(args)
    return cfg, picture_file(args, Path(cfg.work_dir) / f'{args.picture}.png')
