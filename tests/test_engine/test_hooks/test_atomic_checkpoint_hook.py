"""Order in which checkpoints are saved and removed."""

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner

from npid_mm.engine.launch import build_runner
from tests.test_engine.stopped_runs import EPOCHS, config, files, resume, train

pytestmark = pytest.mark.slow


def test_old_checkpoints_are_removed_after_the_new_one_is_saved(digits, tmp_path, monkeypatch):
    """One is kept; the run is killed while it saves the second, and resumes from the first."""
    cfg = config(digits, tmp_path)
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    save = Runner.save_checkpoint

    def die_at_the_second(runner, folder, name, *arguments, **options):
        if name == 'epoch_2.pth':
            raise KeyboardInterrupt
        save(runner, folder, name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, 'save_checkpoint', die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            train(cfg)
    assert files(tmp_path) == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')
    (tmp_path / 'epoch_2.pth.unfinished').write_bytes(b'half')
    resume(cfg)
    assert files(tmp_path) == [f'epoch_{EPOCHS}.pth']


def test_the_best_checkpoint_is_removed_after_the_new_one_is_saved(digits, tmp_path):
    cfg = config(digits, tmp_path)
    cfg.train_cfg.update(val_begin=1, val_interval=1)
    cfg.default_hooks.checkpoint.update(save_best='knn/top1_k5', rule='less', interval=EPOCHS)
    runner = build_runner(cfg)
    seen = []

    class Watch(Hook):
        def before_save_checkpoint(self, runner, checkpoint):
            seen.append([name for name in files(tmp_path) if name.startswith('best')])

        def before_val_epoch(self, runner):
            # every epoch is a new best
            runner.message_hub.update_info('best_score', 101.0)

    runner.register_hook(Watch())
    runner.train()
    assert ['best_knn_top1_k5_epoch_1.pth'] in seen
    assert all(best for best in seen[1:])
    assert [name for name in files(tmp_path) if name.startswith('best')] == [
        f'best_knn_top1_k5_epoch_{EPOCHS}.pth'
    ]
