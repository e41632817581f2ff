"""The order of a data set's images, and banks brought from one into another."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from npid_mm.checkpoints.convert.state import BANK, IMAGES, check_bank
from npid_mm.datasets.image_folders.image_list import class_folder_list, list_lines, listed_path
from npid_mm.datasets.image_names import pack_names, relative_names, unpack_names
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.outputs import CHECKPOINT, check_output

from .network import load_npid_checkpoint
from .tree import drop_objects, file_bytes

HEAD_ROWS = 'head.weight'  # of ParametricSoftmaxHead
# which have the head's rows in the old order too
LEFT = ('optimizer', 'ema_state_dict')


def image_order(where: str | Path) -> list[str]:
    """Paths of images in the order of a folder or of a list.

    Args:
        where (str | Path): A folder of class folders, in the order of torchvision's
            ``ImageFolder``; or a list of images, ``path label`` or ``path`` a line, in its own.

    Returns:
        list[str]: Paths without the folder that all of them are in.

    Raises:
        FileNotFoundError: There is no such folder or file, or a class folder without an image.
    """
    where = Path(where)
    if where.is_dir():
        paths = [path for path, _ in class_folder_list(where)]
    elif where.is_file():
        paths = [listed_path(line) for line in list_lines(where) if line.strip()]
    else:
        raise FileNotFoundError(f'no folder of images and no list at {where}')
    return relative_names(paths)


def row_permutation(old: Sequence[str], new: Sequence[str]) -> Tensor:
    """Where the rows of the new order are in the old one: ``bank[permutation]`` is in the new.

    Args:
        old (Sequence[str]): N names, each once.
        new (Sequence[str]): The same names.

    Returns:
        Tensor: (N,) of int64.

    Raises:
        ValueError: A name occurs twice, or the two do not have the same names.
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
    """Write a checkpoint with the rows of its bank in another order of the images.

    The weights of a ParametricSoftmaxHead, one row an image too, move with them. The state of the
    optimizer and averaged weights, which hold such rows as well, are left out.

    Args:
        checkpoint (str | Path): A checkpoint of this package, or one converted to it.
        out (str | Path): File to write, whole or not at all; a checkpoint there is replaced.
        old (str | Path, optional): The order that the bank is in, see :func:`image_order`. None
            takes the list that the checkpoint keeps.
        new (str | Path): The order that it comes into.
        force (bool): Replace any other file than a checkpoint too.

    Returns:
        tuple[int, int, list[str]]: Rows of the bank, how many of them are in another place now,
        and keys of what was left out.

    Raises:
        FileNotFoundError: A file is not there.
        OSError: Something else is in the place of ``out``, or it cannot be written.
        ValueError: The checkpoint has no bank, or one of another length, or no list where ``old``
            is None, or the orders do not have the same images, or ``out`` is the checkpoint or
            ends in another way.
    """
    check_output(out, CHECKPOINT, force, 'OUT', checkpoint)
    content, state = load_npid_checkpoint(checkpoint)
    if BANK not in state:
        raise ValueError(
            f'{checkpoint} holds no state_dict.{BANK}: give a checkpoint of a training here, or '
            'convert one with --to npid_mm'
        )
    if old is None and IMAGES not in content:
        raise ValueError(
            f'{checkpoint} keeps no list of its images: name the order of its rows with --old'
        )
    order = image_order(new)
    before = unpack_names(content[IMAGES], len(state[BANK])) if old is None else image_order(old)
    permutation = row_permutation(before, order)
    bank = state[BANK]
    check_bank(bank)
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
    left = [key for key in LEFT if content.pop(key, None) is not None]
    left += drop_objects(content)
    write_atomic(out, file_bytes(content))
    return len(bank), int((permutation != torch.arange(len(bank))).sum()), left
