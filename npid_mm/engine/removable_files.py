"""Restrict which files a resumed run removes to those that it would have named itself."""

import re
from numbers import Real
from os import path as osp

from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub

# under these keys, checkpoints list files and steps that a later save makes superfluous
STOPS = 'stop_checkpoints'
STEPS = 'keep_ckpt_ids'
BEST, SCORE = 'best_ckpt', 'best_score'
STOP_NAME = 'iter_{}.pth'
LATEST = 2**53  # more than any run has steps


def keep_own_files(hub: MessageHub, hook: CheckpointHook, work_dir: str) -> None:
    """Forget files that a resumed checkpoint names and that this run would not have written.

    A checkpoint lists files to remove at the next saves. It may come from another folder or from
    somebody else, so that only names count, only those that ``hook`` gives, and they are looked
    for in its own folder.

    Args:
        hub (MessageHub): Where the notes of the checkpoint are; changed in place.
        hook (CheckpointHook): The hook that saves, before its ``before_train``.
        work_dir (str): The Runner's.
    """
    info = hub.runtime_info
    if STEPS in info:
        steps = dict.fromkeys(each for each in _list(info[STEPS]) if type(each) is int)
        info[STEPS] = [each for each in steps if 0 < each < LATEST]
    if STOPS in info:
        info[STOPS] = [each for each in _list(info[STOPS]) if _is_named(each, STOP_NAME)]
    if hook.save_best is None:
        return
    several = len(hook.key_indicators) > 1
    for key in hook.key_indicators:
        ending = f'_{key}' if several else ''
        name = osp.basename(path) if isinstance(path := info.get(BEST + ending), str) else None
        prefix = 'best_' if key == 'auto' else f'best_{key}_'.replace('/', '_')
        if name and _is_named(name, hook.filename_tmpl, prefix, any_key=key == 'auto'):
            info[BEST + ending] = osp.join(_folder(hook, work_dir), name)
        else:
            info.pop(BEST + ending, None)
        if not isinstance(info.get(SCORE + ending), Real):
            info.pop(SCORE + ending, None)


def _list(value) -> list:
    """``value`` if it is a list, otherwise an empty one."""
    return value if isinstance(value, list) else []


def _is_named(name, template: str, prefix: str = '', any_key: bool = False) -> bool:
    """Return whether a name is a prefix and then the template with a step in it.

    Args:
        name (object): A name without folders.
        template (str): Such as ``epoch_{}.pth``.
        prefix (str): Beginning of the name.
        any_key (bool): Whether something may come between them, before an underscore.
    """
    if not isinstance(name, str) or osp.basename(name) != name or not name.startswith(prefix):
        return False
    ends = (template.format(int(step)) for step in re.findall(r'\d{1,15}', name))
    if any_key:
        return any(name.endswith(f'_{end}') for end in ends)
    return any(name == prefix + end for end in ends)


def _folder(hook: CheckpointHook, work_dir: str) -> str:
    """Where a hook saves, as its ``before_train`` finds it out."""
    if hook.out_dir is None or hook.out_dir == work_dir:
        return work_dir
    return osp.join(hook.out_dir, osp.basename(work_dir.rstrip(osp.sep)))
