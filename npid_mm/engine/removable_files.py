"""Limit the files that a resumed run may remove to those that it writes itself."""

import re
from numbers import Real
from os import path as osp

from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub

# keys in a checkpoint's message hub, for files and steps that a later save replaces
STOPS = 'stop_checkpoints'
STEPS = 'keep_ckpt_ids'
BEST, SCORE = 'best_ckpt', 'best_score'
STOP_NAME = 'iter_{}.pth'
MAX_STEP = 2**53


def keep_own_files(hub: MessageHub, hook: CheckpointHook, work_dir: str) -> None:
    """Drop the files to remove that a checkpoint lists and this run would not write.

    A checkpoint may be untrusted, or copied from another folder. So only file names that ``hook``
    gives are kept, and they refer to its own folder.

    Args:
        hub (MessageHub): Message hub with the checkpoint's lists; changed in place.
        hook (CheckpointHook): The hook that saves, before its ``before_train``.
        work_dir (str): Work dir of the Runner.
    """
    info = hub.runtime_info
    if STEPS in info:
        steps = dict.fromkeys(each for each in _list(info[STEPS]) if type(each) is int)
        info[STEPS] = [each for each in steps if 0 < each < MAX_STEP]
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


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _is_named(name: object, template: str, prefix: str = '', any_key: bool = False) -> bool:
    """Return whether a file name is ``prefix`` and ``template`` with a step in it.

    Args:
        name (object): A file name without folders.
        template (str): Template with one field, e.g. ``epoch_{}.pth``.
        prefix (str): Beginning of the name.
        any_key (bool): Allow a metric's name and an underscore between the two.
    """
    if not isinstance(name, str) or osp.basename(name) != name or not name.startswith(prefix):
        return False
    ends = (template.format(int(step)) for step in re.findall(r'\d{1,15}', name))
    if any_key:
        return any(name.endswith(f'_{end}') for end in ends)
    return any(name == prefix + end for end in ends)


def _folder(hook: CheckpointHook, work_dir: str) -> str:
    """Return the folder of a hook, as its ``before_train`` determines it."""
    if hook.out_dir is None or hook.out_dir == work_dir:
        return work_dir
    return osp.join(hook.out_dir, osp.basename(work_dir.rstrip(osp.sep)))
