"""Reorder a memory bank to match another image list."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from npid_mm.checkpoints.convert.npid_state import BANK, IMAGES, check_bank
from npid_mm.datasets.image_folders.image_list import class_folder_list, list_lines, listed_path
from npid_mm.datasets.image_names import pack_names, relative_names, unpack_names
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.output_files import CHECKPOINT, check_output

from .network import load_npid_checkpoint
from .tree import drop_objects, file_bytes

HEAD_ROWS = 'head.weight'  # of ParametricSoftmaxHead
LEFT_OUT = ('optimizer', 'ema_state_dict')  # hold rows in the old order too


def image_order(where: str | Path) -> list[str]:
    """Read the order of images from a folder or a list.

    Args:
        where (str | Path): A folder of class folders, in the order of torchvision's
            ``ImageFolder``; or a list of images with ``path label`` or ``path`` per line.

    Returns:
        list[str]: Paths relative to the folder that all of them are in.

    Raises:
        FileNotFoundError: If ``where`` does not exist, or a class folder has no image.
    """
    where = Path(where)
    if where.is_dir():
        paths = [path for path, _ in class_folder_list(where)]
    elif where.is_file():
        paths = [listed_path(line) for line in list_lines(where) if line.strip()]
    else:
        raise FileNotFoundError(f'folder or list of images not found: {where}')
    return relative_names(paths)


def row_permutation(old: Sequence[str], new: Sequence[str]) -> Tensor:
    """Compute ``permutation`` so that ``bank[permutation]`` is in the new order.

    Args:
        old (Sequence[str]): N distinct names.
        new (Sequence[str]): The same names in another order.

    Returns:
        Tensor: (N,) of int64.

    Raises:
        ValueError: If a name occurs twice, or the names differ.
    """
    position = {name: row for row, name in enumerate(old)}
    for which, names in (('old', old), ('new', new)):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f'the {which} order names {twice[0]} more than once')
    alone = {'old': sorted(set(old) - set(new)), 'new': sorted(set(new) - set(old))}
    if any(alone.values()):
        raise ValueError(
            'both orders must have the same images, but '
            + ' and '.join(
                f'{len(names):,} are in the {which} order only, such as {names[0]}'
                for which, names in alone.items()
                if names
            )
        )
    return torch.tensor([position[name] for name in new], dtype=torch.long)


def reorder_bank(
    checkpoint: str | Path,
    out: str | Path,
    old: str | Path | None,
    new: str | Path,
    force: bool = False,
) -> tuple[int, int, list[str]]:
    """Write a checkpoint with the rows of its bank in another order, atomically.

    The rows of a ParametricSoftmaxHead are reordered too. The optimizer state and averaged weights
    are dropped.

    Args:
        checkpoint (str | Path): A checkpoint written by, or converted to, npid_mm.
        out (str | Path): File to write. An existing checkpoint is replaced.
        old (str | Path, optional): Current order of the bank, see :func:`image_order`. The default
            is the list in the checkpoint.
        new (str | Path): New order.
        force (bool): Also replace a file of another kind.

    Returns:
        tuple[int, int, list[str]]: Number of rows, number of moved rows, keys that were left out.

    Raises:
        FileNotFoundError: If a file does not exist.
        OSError: If ``out`` is a file of another kind, or cannot be written.
        ValueError: If the checkpoint has no bank, one of another length, or no list while ``old``
            is None; if the orders do not have the same images; or if ``out`` is the checkpoint or
            has a wrong suffix.
    """
    check_output(out, CHECKPOINT, force, 'OUT', checkpoint)
    content, state = load_npid_checkpoint(checkpoint)
    if BANK not in state:
        raise ValueError(
            f'{checkpoint} holds no state_dict.{BANK}: give a checkpoint of npid_mm, or convert '
            'one with --to npid_mm'
        )
    if old is None and IMAGES not in content:
        raise ValueError(
            f'{checkpoint} has no list of its images: give the order of its rows with --old'
        )
    bank = state[BANK]
    check_bank(bank)
    order = image_order(new)
    old_order = unpack_names(content[IMAGES], len(bank)) if old is None else image_order(old)
    permutation = row_permutation(old_order, order)
    if len(bank) != len(permutation):
        raise ValueError(
            f'the bank of {checkpoint} has {len(bank):,} rows, but the orders have '
            f'{len(permutation):,} images: give those of the data that it was trained on'
        )
    state[BANK] = bank[permutation]
    content[IMAGES] = pack_names(order)
    head = state.get(HEAD_ROWS)
    if isinstance(head, Tensor) and head.shape[:1] == permutation.shape:
        state[HEAD_ROWS] = head[permutation]
    left_out = [key for key in LEFT_OUT if content.pop(key, None) is not None]
    left_out += drop_objects(content)
    write_atomic(out, file_bytes(content))
    return len(bank), int((permutation != torch.arange(len(bank))).sum()), left_out
