"""Access private attributes of MMEngine's Runner, in this module only.

A Runner keeps the config of a loop until it runs the loop, and its public properties build it. What
a run resumes from is not public at all.
"""

from mmengine.config import ConfigDict
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, IterBasedTrainLoop, Runner


def built_loops(runner: Runner) -> dict[str, BaseLoop]:
    """Return the loops of 'train', 'val' and 'test' that will run, by name."""
    loops = dict(train=runner._train_loop, val=runner._val_loop, test=runner._test_loop)
    return {
        stage: loop
        for stage, loop in loops.items()
        if loop is not None and not isinstance(loop, dict)
    }


def train_dataloader_config(runner: Runner) -> ConfigDict | None:
    """Return the config of the training images of a run that does not train."""
    return runner._train_dataloader


def is_resuming(runner: Runner) -> bool:
    """Return whether the run resumes the run of a checkpoint."""
    return runner._resume


def loaded_path(runner: Runner) -> str:
    """Return the name, for messages, of the checkpoint that the run loads."""
    return runner._load_from or 'the checkpoint'


def validation_interval(loop: EpochBasedTrainLoop | IterBasedTrainLoop) -> int:
    """Return the epochs or steps between two validations, which may change during a training."""
    loop._decide_current_val_interval()
    return loop.val_interval
