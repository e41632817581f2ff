"""Checkpoints of a run that may be killed at any moment."""

from collections import deque

from mmengine.dist import master_only
from mmengine.hooks import CheckpointHook
from mmpretrain.registry import HOOKS

from npid_mm.engine.removable_files import STEPS, STOP_NAME, STOPS, keep_own_files
from npid_mm.utils.atomic_io import remove_unfinished, write_atomic


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """CheckpointHook in an order that leaves a whole checkpoint at every moment.

    First the new checkpoint is saved, then ``last_checkpoint`` names it, and only then older ones
    go. With ``backend_args=dict(backend='atomic')`` each file appears complete. Of what a
    resumed checkpoint lists, only files are removed, only in this run's own folder, and only under
    names that this run gives. Takes the arguments of ``CheckpointHook``.
    """

    def before_train(self, runner) -> None:
        """Clear up after a run that was killed while it wrote."""
        hub, excess = runner.message_hub, []
        keep_own_files(hub, self, runner.work_dir)
        steps = hub.get_info(STEPS, [])
        if self.max_keep_ckpts > 0 and steps:
            excess = steps[: -self.max_keep_ckpts]
            hub.update_info(STEPS, steps[-self.max_keep_ckpts :])
        super().before_train(runner)
        self._remove([self._own_path(self.filename_tmpl.format(step)) for step in excess])
        _clear_up(self.out_dir, runner.work_dir)

    def save_now(self, runner) -> str:
        """Save after the current step, in the middle of an epoch; called on all ranks.

        The next checkpoint that is saved replaces this one.

        Returns:
            str: The file, ``iter_N.pth`` after N steps.
        """
        if not self.by_epoch:
            self._save_checkpoint(runner)
            return self.last_ckpt
        name = STOP_NAME.format(runner.iter + 1)
        outdated = [each for each in runner.message_hub.get_info(STOPS, []) if each != name]
        runner.message_hub.update_info(STOPS, [*outdated, name])
        self._save(runner, name, dict(epoch=runner.epoch, iter=runner.iter + 1), outdated)
        return self.last_ckpt

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        """Save the regular checkpoint of ``step``; overrides the order of CheckpointHook."""
        hub = runner.message_hub
        outdated = hub.get_info(STOPS, [])
        if self.max_keep_ckpts > 0:
            kept = [each for each in self.keep_ckpt_ids if each != step] + [step]
            # one too many: a run that resumes from this checkpoint removes the oldest, in case
            # that this one is killed before it does
            hub.update_info(STEPS, kept)
            excess = kept[: -self.max_keep_ckpts]
            outdated = outdated + [self.filename_tmpl.format(each) for each in excess]
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        self._save(runner, self.filename_tmpl.format(step), meta, outdated)
        hub.update_info(STOPS, [])

    def _save(self, runner, name: str, meta: dict, outdated: list[str]) -> None:
        """Save as ``name``, write that to last_checkpoint, then remove ``outdated``."""
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
        _name_last(runner.work_dir, self.last_ckpt)
        self._remove([self._own_path(each) for each in outdated])

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        """Remove the previous best checkpoint only when the new one is there."""
        backend = self.file_backend
        self.file_backend = _RemovingLater(backend)
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


class _RemovingLater:
    """A storage backend that takes note of what it should remove."""

    def __init__(self, backend):
        self._backend = backend
        self.outdated = []

    def __getattr__(self, name: str):
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self.outdated.append(path)

    def isdir(self, path: str) -> bool:
        """Folders are not removed."""
        return False


@master_only
def _name_last(work_dir: str, path: str) -> None:
    """Write where find_latest_checkpoint looks."""
    write_atomic(f'{work_dir}/last_checkpoint', path)


@master_only
def _clear_up(*folders: str) -> None:
    for folder in folders:
        remove_unfinished(folder)
