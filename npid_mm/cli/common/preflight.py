"""Check a run before its model is built."""

import os
from pathlib import Path

from mmengine.config import Config
from torch import Tensor

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.network import network_state
from npid_mm.config.checks.data_folders import check_data_folders
from npid_mm.utils.input_files import existing_checkpoint
from npid_mm.utils.text import preview

# keys that a Runner needs for a training or a test
TRAINING = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
TEST = ('model', 'test_dataloader', 'test_cfg', 'test_evaluator')
LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')


def check_training(cfg: Config) -> None:
    """Check a training before its model is built; see :func:`check_test`."""
    _check_run(cfg, TRAINING, 'a training')
    check_data_folders(cfg, 'train_dataloader', 'val_dataloader', 'val_evaluator', 'val_cfg')


def check_test(cfg: Config) -> None:
    """Check a test before its model is built.

    Args:
        cfg (Config): A config, with the command line merged into it.

    Raises:
        FileNotFoundError: If data are missing.
        ValueError: If the config lacks a part, or the work dir or the checkpoint cannot be used.
    """
    _check_run(cfg, TEST, 'a test')
    check_data_folders(cfg, 'test_dataloader', 'test_evaluator', 'test_cfg')


def check_writable(folder: str | Path, what: str) -> None:
    """Check that files can be written to a folder, which need not exist.

    Args:
        folder (str | Path): The folder.
        what (str): Its name in the message.

    Raises:
        ValueError: If a part of its path is a file, or cannot be written to.
    """
    there = next(each for each in (Path(folder), *Path(folder).absolute().parents) if each.exists())
    if not there.is_dir():
        raise ValueError(f'{what} must be a folder, got {folder}: {there} is a file')
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f'{what} must be writable, got {folder}: no permission for {there}')


def check_checkpoint(path: str) -> str:
    """Check that a local file is a checkpoint of a network, without reading its weights.

    Args:
        path (str): A file, or a URL, which is not downloaded.

    Returns:
        str: ``path``.

    Raises:
        FileNotFoundError: If there is nothing at ``path``.
        ValueError: If it is a folder, not a checkpoint, or holds no weights.
    """
    if '://' in existing_checkpoint(path):
        return path
    state = network_state(load_tensors(path, values=False))
    if not any(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(
            f'{path} holds no network, only {preview(state) or "nothing"}: give a checkpoint with '
            'a state dict'
        )
    return path


def _check_run(cfg: Config, needed: tuple[str, ...], what: str) -> None:
    missing = [key for key in needed if cfg.get(key) is None]  # an empty dict or list is a value
    if missing:
        raise ValueError(f'the config has no {", ".join(missing)}, which {what} needs')
    level = cfg.get('log_level') or 'INFO'
    if isinstance(level, str) and level not in LEVELS:
        raise ValueError(f'log_level must be one of {", ".join(LEVELS)}, got {level!r}')
    check_writable(cfg.work_dir, 'work_dir')
    if cfg.get('load_from'):
        check_checkpoint(cfg.load_from)
