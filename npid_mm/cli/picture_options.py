"""The command line that the tools of tools/visualization/ share."""

import argparse
from pathlib import Path

from mmengine.config import Config

from npid_mm.utils.outputs import PICTURE, add_force, check_output

from .options import add_config_options, load_config


def add_picture_options(
    parser: argparse.ArgumentParser, name: str, checkpoint: bool = True, seed: bool = True
) -> None:
    """Config, checkpoint and where the picture goes.

    Args:
        parser (ArgumentParser): The tool's.
        name (str): File name of the picture in the work dir, without suffix.
        checkpoint (bool): Whether the tool reads a checkpoint.
        seed (bool): Whether it draws anything at random.
    """
    parser.add_argument('config', help='config file of the pretraining')
    if checkpoint:
        parser.add_argument('checkpoint', help='checkpoint file or address')
    add_out(parser, f'{name}.png in work_dir')
    if seed:
        parser.add_argument(
            '--seed', type=int, default=0, help='of all that is drawn at random; default: 0'
        )
    add_config_options(parser)
    parser.set_defaults(launcher='none', work_dir=None, picture=name)


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """The arguments that name the picture and let it replace another file."""
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FILE',
        help=f'image to write (png or pdf); default: {default}',
    )
    add_force(parser)


def picture_file(args: argparse.Namespace, default: Path) -> Path:
    """The picture to write, refused before anything is computed for it.

    Args:
        args (Namespace): With the arguments of :func:`add_out`.
        default (Path): The picture without them.

    Raises:
        ValueError: It ends neither in .png nor in .pdf.
        OSError: Something else is there, or it cannot be written.
    """
    return check_output(args.out or default, PICTURE, args.force)


def load_picture_config(args: argparse.Namespace) -> tuple[Config, Path]:
    """The config of :func:`add_picture_options`, and the file to write.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: The picture ends neither in .png nor in .pdf.
        OSError: Something else is in its place, or it cannot be written.
    """
    cfg = load_config(args)
    return cfg, picture_file(args, Path(cfg.work_dir) / f'{args.picture}.png')
