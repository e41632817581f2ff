"""The command line that the tools of tools/visualization/ share."""

import argparse
from pathlib import Path

from mmengine.config import Config

from .launch import add_config_options, load_config

SUFFIXES = ('.png', '.pdf')  # what both Pillow and matplotlib write


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
    """The argument that names the picture."""
    parser.add_argument(
        '--out',
        type=picture_file,
        metavar='FILE',
        help=f'image to write (png or pdf); default: {default}',
    )


def picture_file(name: str) -> Path:
    """The path of a picture, refused before anything is computed for it.

    Raises:
        ArgumentTypeError: Neither png nor pdf.
    """
    path = Path(name)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f'must end in {" or ".join(SUFFIXES)}, got {name}')
    return path


def load_picture_config(args: argparse.Namespace) -> tuple[Config, Path]:
    """The config of :func:`add_picture_options`, and the file to write.

    Raises:
        FileNotFoundError: There is no such config.
    """
    cfg = load_config(args)
    return cfg, args.out or Path(cfg.work_dir) / f'{args.picture}.png'
