"""Save and remove checkpoints so that a killed run can always be resumed."""

from collections import deque
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from npid_mm.engine.removable_files import STEPS, STOP_NAME, STOPS, keep_own_files
from npid_mm.engine.resume import POINTER
from npid_mm.utils.atomic_io import remove_unfinished, write_atomic


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """CheckpointHook that always leaves at least one complete checkpoint on disk.

    The new checkpoint is saved first, then ``last_checkpoint`` names it, then older ones are
    removed. With ``backend_args=dict(backend='atomic')`` each file appears complete. A resumed
    checkpoint lists files to remove; see :func:`~npid_mm.engine.removable_files.keep_own_files`.
    Takes the arguments of ``CheckpointHook``.
    """

    # set by CheckpointHook
    keep_ckpt_ids: deque[int]
    file_backend: Any

    def before_train(self, runner: Runner) -> None:
        """Remove what a killed run left."""
        hub, excess = runner.message_hub, []
        keep_own_files(hub, self, runner.work_dir)
        steps = hub.get_info(STEPS, [])
        if self.max_keep_ckpts > 0 and steps:
            excess = steps[: -self.max_keep_ckpts]
            hub.update_info(STEPS, steps[-self.max_keep_ckpts :])
        super().before_train(runner)
        self._remove([self._own_path(self.filename_tmpl.format(step)) for step in excess])
        _remove_unfinished(self.out_dir, runner.work_dir)

    def save_now(self, runner: Runner) -> str:
        """Save after the current step, in the middle of an epoch; must be called on all ranks.

        The next checkpoint replaces this one.

        Returns:
            str: Path of the file, ``iter_N.pth`` after N steps.
        """
        if not self.by_epoch:
            self._save_checkpoint(runner)
            return self.last_ckpt
        name = STOP_NAME.format(runner.iter + 1)
        outdated = [each for each in runner.message_hub.get_info(STOPS, []) if each != name]
        runner.message_hub.update_info(STOPS, [*outdated, name])
        self._save(runner, name, dict(epoch=runner.epoch, iter=runner.iter + 1), outdated)
        return self.last_ckpt

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Save the regular checkpoint of ``step``; CheckpointHook would remove older ones first."""
        hub = runner.message_hub
        outdated = hub.get_info(STOPS, [])
        if self.max_keep_ckpts > 0:
            kept = [each for each in self.keep_ckpt_ids if each != step] + [step]
            # store one step too many: if this run is killed before it removes the oldest
            # checkpoint, the resumed run does
            hub.update_info(STEPS, kept)
            excess = kept[: -self.max_keep_ckpts]
            outdated = outdated + [self.filename_tmpl.format(each) for each in excess]
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        self._save(runner, self.filename_tmpl.format(step), meta, outdated)
        hub.update_info(STOPS, [])

    def _save(self, runner: Runner, name: str, meta: dict, outdated: list[str]) -> None:
        """Save as ``name``, write the path to last_checkpoint, then remove ``outdated``."""
        self.last_ckpt = self._own_path(name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        _write_pointer(runner.work_dir, self.last_ckpt)
        self._remove([self._own_path(each) for each in outdated])

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """Remove the previous best checkpoint after the new one is saved."""
        backend = self.file_backend
        self.file_backend = _DeferredRemoval(backend)
        try:
            super()._save_best_checkpoint(runner, metrics)
            outdated = self.file_backend.outdated
        finally:
            self.file_backend = backend
        best = getattr(self, 'best_ckpt_path_dict', {}).values()
        best = {*best, getattr(self, 'best_ckpt_path', None)}
        self._remove([path for path in outdated if path not in best])

    def _own_path(self, name: str) -> str:
        return self.file_backend.join_path(self.out_dir, name)

    @master_only
    def _remove(self, paths: list[str]) -> None:
        for path in paths:
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)


class _DeferredRemoval:
    """File backend that records files to remove."""

    def __init__(self, backend: Any):
        self._backend = backend
        self.outdated: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self.outdated.append(path)

    def isdir(self, path: str) -> bool:
        return False  # never remove folders


@master_only
def _write_pointer(work_dir: str, path: str) -> None:
    write_atomic(Path(work_dir) / POINTER, path)


@master_only
def _remove_unfinished(*folders: str) -> None:
    for folder in folders:
        remove_unfinished(folder)
