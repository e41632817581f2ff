"""Keep the settings of a run in its checkpoints, and compare them on resume."""

from collections.abc import Mapping

from mmengine.config import Config
from mmengine.dist import get_world_size

from npid_mm.config.tree import leaves, value_at

SETTINGS = 'settings'  # in the meta of a checkpoint
# parts of a config that determine the result
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
# settings with another check, and those that do not change the result
IGNORED = (
    'model.checkpoint',
    'model.pretrained',
    'model.weights',
    'model.channels_last',
    'model.compile_backbone',
    'model.memory_bank.type',
    'model.memory_bank.length',
    'model.memory_bank.init',
)
# settings that must not change, because the state in the checkpoint would not fit
FIXED = ('model.type', 'model.head.type', 'optim_wrapper.optimizer.type')
# settings that the checkpoint overrides
RESTORED = ('optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg', 'param_scheduler', SEED)
# settings that an optimizer keeps in its state, and that differ between optimizers
HYPERPARAMETERS = {'momentum', 'betas', 'alpha', 'rho', 'lambd', 'etas'}
PLAIN = (bool, int, float, str, type(None))
SHOWN = 20  # lines per warning


def run_settings(cfg: Config) -> dict[str, object]:
    """Return the settings that determine a training's result, as {dotted key: plain value}."""
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
        # keep only the pipeline of a data set: paths may change, and images have their own check
        if not _is_in(key, IGNORED) and ('.dataset' not in key or '.pipeline.' in key)
    }


def compare_settings(saved: Mapping, present: Mapping, path: str) -> list[str]:
    """Compare the settings of a checkpoint with those of the run that resumes from it.

    Args:
        saved (Mapping): Settings in the checkpoint, see :func:`run_settings`.
        present (Mapping): Settings of the current config.
        path (str): The checkpoint, for the messages.

    Returns:
        list[str]: Warnings about settings that change during the run, and about those whose
        current value has no effect.

    Raises:
        ValueError: If the state in the checkpoint does not fit a setting.
    """
    saved = {key: each for key, each in saved.items() if isinstance(each, PLAIN)}
    # a random seed is restored from the checkpoint
    if saved.get(SEED) is None or present.get(SEED) is None:
        saved, present = ({**each, SEED: None} for each in (saved, present))
    differing = {
        key: f'{key}: {_shown(saved, key)} -> {_shown(present, key)}'
        for key in dict.fromkeys([*saved, *present])
        if saved.get(key) != present.get(key)
    }
    fixed = [line for key, line in differing.items() if key in FIXED]
    if fixed:
        raise ValueError(
            f'cannot resume {path}, whose state does not fit the current config '
            f'({"; ".join(fixed)}): restore these settings, or start a new run from its '
            f'weights (--cfg-options load_from={path}, without --resume)'
        )
    restored = [line for key, line in differing.items() if _is_in(key, RESTORED)]
    changed = [line for key, line in differing.items() if not _is_in(key, RESTORED)]
    warnings = []
    if changed:
        warnings.append(f'settings change in the middle of the run of {path}:{_lines(changed)}')
    if restored:
        warnings.append(
            f'{path} restores its optimizer, schedule and seed, so that these settings of the '
            f'current config have no effect:{_lines(restored)}'
        )
    return warnings


def check_optimizer(state: Mapping, defaults: Mapping, path: str) -> None:
    """Check by its state that the checkpoint's optimizer has the type of the current one.

    Unlike :func:`compare_settings`, it works for checkpoints without settings.

    Args:
        state (Mapping): State dict of the optimizer in the checkpoint.
        defaults (Mapping): ``defaults`` of the current optimizer.
        path (str): The checkpoint, for the message.

    Raises:
        ValueError: If a parameter group of the state lacks what the current optimizer needs.
    """
    for group in state.get('param_groups', ()):
        missing = (HYPERPARAMETERS & set(defaults)) - set(group)
        if missing:
            found = ', '.join(sorted(HYPERPARAMETERS & set(group)))
            raise ValueError(
                f'cannot resume {path}, whose optimizer is not optim_wrapper.optimizer: its state '
                f'lacks {", ".join(sorted(missing))}{found and f" and has {found}"}: give the '
                'optimizer that it was trained with, or start a new run from its weights '
                f'(--cfg-options load_from={path}, without --resume)'
            )


def _is_in(key: str, parts: tuple[str, ...]) -> bool:
    return any(key == part or key.startswith(f'{part}.') for part in parts)


def _shown(settings: Mapping, key: str) -> str:
    return f'{settings[key]!r:.80}' if key in settings else 'not set'


def _lines(lines: list[str]) -> str:
    more = [f'and {len(lines) - SHOWN} more'] if len(lines) > SHOWN else []
    return ''.join(f'\n  {line}' for line in [*lines[:SHOWN], *more])
