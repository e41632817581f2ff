"""Change a loaded checkpoint so that a run resumes from it on other images."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from npid_mm.checkpoints.convert.npid_state import BANK, OWN_PROBABILITY
from npid_mm.engine.runners.resumable_train_loop import SEEN
from npid_mm.models.memory_banks.bank_rows import random_unit_rows

from .match_images import Growth

Z = 'head.z'  # the constant of NCE, an estimate that is in proportion to the rows
WEIGHT = 'head.weight'  # one row per instance in a parametric softmax
# what a schedule counts and remembers; all else is how it was built
STATE = ('base_values', '_last_value', '_global_step', 'last_step')


def grow_checkpoint(
    checkpoint: dict, growth: Growth, steps: int | None, schedules: Sequence[Mapping], path: str
) -> None:
    """Give a checkpoint the rows of other images, at the beginning of an epoch.

    Rows and probabilities of known images are copied; rows of new ones are random. NCE's Z follows
    the number of rows. An epoch that was interrupted starts again, and schedules in steps follow
    the new number of steps per epoch.

    Args:
        checkpoint (dict): Content of the checkpoint; changed in place.
        growth (Growth): The images.
        steps (int, optional): Steps per epoch; None for a loop without epochs.
        schedules (Sequence[Mapping]): State dicts of the run's own schedules.
        path (str): The checkpoint, for the message.

    Raises:
        ValueError: If the head has weights for each image.
    """
    state = checkpoint['state_dict']
    if WEIGHT in state and len(state[WEIGHT]) == growth.saved:
        raise ValueError(
            f'{path} has weights and an optimizer state for each image (ParametricSoftmaxHead), '
            'which cannot follow other images: give the images that it was trained on'
        )
    for key in [key for key in state if key.endswith(BANK)]:
        state[key] = _grown_rows(state[key], growth)
    record = checkpoint.get(OWN_PROBABILITY)
    if isinstance(record, Tensor) and record.shape == (growth.saved,):
        values = record.new_full((len(growth.source),), torch.nan)
        values[growth.kept] = record[growth.source[growth.kept]]
        checkpoint[OWN_PROBABILITY] = values
    if Z in state:
        state[Z] = state[Z] * (len(growth.source) / growth.saved)
    if steps is not None:
        _restart_epoch(checkpoint, steps, schedules)


def _grown_rows(rows: Tensor, growth: Growth) -> Tensor:
    grown = rows.new_empty(len(growth.source), rows.shape[1])
    grown[growth.kept] = rows[growth.source[growth.kept]]
    count = len(growth.new)
    if count:
        grown[growth.new] = random_unit_rows(count, slice(0, count), rows)
    return grown


def _restart_epoch(checkpoint: dict, steps: int, schedules: Sequence[Mapping]) -> None:
    """Set the progress of a checkpoint to the beginning of its epoch, of ``steps`` steps each."""
    meta = checkpoint['meta']
    before, meta['iter'] = meta['iter'], meta['epoch'] * steps
    checkpoint['message_hub']['runtime_info'][SEEN] = 0
    for saved, present in zip(checkpoint.get('param_schedulers', ()), schedules, strict=False):
        if not saved['by_epoch']:
            _move_schedule(saved, present, meta['iter'] - before)


def _move_schedule(saved: dict, present: Mapping, steps: int) -> None:
    """Move the state of a schedule by a number of steps, to the limits that it has at present.

    One whose limits do not depend on the length of an epoch, such as a warm-up of a number of
    steps, stays as it is.
    """
    limits = {key: value for key, value in present.items() if key not in STATE}
    if all(saved.get(key) == value for key, value in limits.items()):
        return
    saved.update(limits)
    position = saved['_global_step'] + steps
    begin, end = saved['begin'], saved['end']
    saved['_global_step'] = position
    saved['last_step'] = min(max(position, begin - 1), end - 1) - begin
