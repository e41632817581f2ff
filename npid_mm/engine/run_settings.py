"""Settings that a run was trained with, kept in its checkpoints and compared on resume."""

from collections.abc import Mapping

from mmengine.config import Config
from mmengine.dist import get_world_size

from npid_mm.config.tree import leaves, value_at

SETTINGS = 'settings'  # in the meta of a checkpoint
# parts of a config that decide what is trained and how
PARTS = (
    'model',
    'data_preprocessor',
    'optim_wrapper',
    'param_scheduler',
    'train_dataloader.batch_size',
    'train_dataloader.dataset',
    'randomness.seed',
)
RANKS, SEED = 'ranks', 'randomness.seed'
# settings with a check of their own, and those that change no result
LEFT_OUT = (
    'model.checkpoint',
    'model.pretrained',
    'model.channels_last',
    'model.compile_backbone',
    'model.memory_bank.type',
    'model.memory_bank.length',
    'model.memory_bank.init',
)
# what the state in a checkpoint does not fit once it differs
FIXED = ('model.type', 'model.head.type', 'optim_wrapper.optimizer.type')
# what the checkpoint restores, whatever the config says
RESTORED = ('optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg', 'param_scheduler', SEED)
# settings of optimizers that are in their state, and tell them apart
HYPERPARAMETERS = {'momentum', 'betas', 'alpha', 'rho', 'lambd', 'etas'}
PLAIN = (bool, int, float, str, type(None))
SHOWN = 20  # lines of a warning
UNSET = 'not set'


def run_settings(cfg: Config) -> dict[str, object]:
    """Settings of a training that decide its result, as {dotted key: plain value}."""
    settings = {}
    for part in PARTS:
        for key, value in leaves(value_at(cfg, part), part):
            if not key.endswith('._scope_'):
                value = list(value) if isinstance(value, tuple) else value
                settings[key] = value if isinstance(value, PLAIN) else str(value)
    settings[RANKS] = get_world_size()
    return {
        key: value
        for key, value in settings.items()
        # of a data set only what it does to an image: paths may change, and rows have their list
        if not _below(key, LEFT_OUT) and ('.dataset' not in key or '.pipeline.' in key)
    }


def compare_settings(saved: Mapping, present: Mapping, path: str) -> list[str]:
    """Compare the settings of a checkpoint with those of the run that resumes from it.

    Args:
        saved (Mapping): Settings in the checkpoint, see :func:`run_settings`.
        present (Mapping): Those of the present config.
        path (str): The checkpoint, for the messages.

    Returns:
        list[str]: Warnings: of settings that change within the run, and of those whose present
        value has no effect.

    Raises:
        ValueError: A setting differs that the state in the checkpoint does not fit.
    """
    saved = {key: each for key, each in saved.items() if isinstance(each, PLAIN)}
    if saved.get(SEED) is None or present.get(SEED) is None:  # drawn anew, and restored
        saved, present = ({**each, SEED: None} for each in (saved, present))
    differing = {
        key: f'{key}: {_shown(saved, key)} -> {_shown(present, key)}'
        for key in dict.fromkeys([*saved, *present])
        if saved.get(key) != present.get(key)
    }
    fixed = [line for key, line in differing.items() if key in FIXED]
    if fixed:
        raise ValueError(
            f'cannot resume {path}, whose state does not fit the present config '
            f'({"; ".join(fixed)}): give these settings as they were, or start a new run from its '
            f'weights (--cfg-options load_from={path}, without --resume)'
        )
    restored = [line for key, line in differing.items() if _below(key, RESTORED)]
    changed = [line for key, line in differing.items() if not _below(key, RESTORED)]
    warnings = []
    if changed:
        warnings.append(f'settings change in the middle of the run of {path}:{_lines(changed)}')
    if restored:
        warnings.append(
            f'{path} restores its optimizer, schedule and seed, so that these settings of the '
            f'present config have no effect:{_lines(restored)}'
        )
    return warnings


def check_optimizer(state: Mapping, defaults: Mapping, path: str) -> None:
    """Refuse the state of another kind of optimizer, also in a checkpoint without settings.

    Args:
        state (Mapping): State dict of the optimizer in the checkpoint.
        defaults (Mapping): ``defaults`` of the present optimizer.
        path (str): The checkpoint, for the message.

    Raises:
        ValueError: A parameter group of the state lacks what the present optimizer needs.
    """
    for group in state.get('param_groups', ()):
        missing = (HYPERPARAMETERS & set(defaults)) - set(group)
        if missing:
            found = ', '.join(sorted(HYPERPARAMETERS & set(group))) or 'none of its kind'
            raise ValueError(
                f'cannot resume {path}, whose optimizer is another one than '
                f'optim_wrapper.optimizer: its state has {found}, and no '
                f'{", ".join(sorted(missing))}: give the optimizer that it was trained with, or '
                f'start a new run from its weights (--cfg-options load_from={path}, without '
                '--resume)'
            )


def _below(key: str, parts: tuple[str, ...]) -> bool:
    """Return whether a key is one of some parts of a config, or in one."""
    return any(key == part or key.startswith(f'{part}.') for part in parts)


def _shown(settings: Mapping, key: str) -> str:
    return f'{settings[key]!r:.80}' if key in settings else UNSET


def _lines(lines: list[str]) -> str:
    more = [f'and {len(lines) - SHOWN} more'] if len(lines) > SHOWN else []
    return ''.join(f'\n  {line}' for line in [*lines[:SHOWN], *more])
