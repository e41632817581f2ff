"""A resumed run removes its own files only, whatever its checkpoint lists."""

import shutil

import pytest
import torch
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import MessageHub

from npid_mm.engine.launch import build_runner
from npid_mm.engine.removable_files import keep_own_files
from tests.toy import digits_config

KEY = 'knn/top1_k5'
BEST = 'best_knn_top1_k5_epoch_{}.pth'


class EveryEpochIsBetter(Hook):
    def before_val_epoch(self, runner):
        runner.message_hub.update_info('best_score', -1.0)


def config(digits, work_dir, epochs=2, **checkpoint):
    cfg = digits_config(digits, work_dir, epochs=epochs)
    cfg.train_cfg.update(val_begin=1, val_interval=1)
    cfg.default_hooks.checkpoint.update(save_best=KEY, rule='greater', **checkpoint)
    return cfg


def resume(cfg, checkpoint):
    cfg.update(resume=True, load_from=str(checkpoint))
    runner = build_runner(cfg)
    runner.register_hook(EveryEpochIsBetter())
    runner.train()
    return runner


def tree(folder):
    """Every file and folder with its content, links as such."""
    return {
        path.relative_to(folder): path.readlink() if path.is_symlink() else
        path.read_bytes() if path.is_file() else None
        for path in folder.rglob('*')
    }  # fmt: skip


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """The work dir of one epoch, with its best checkpoint."""
    folder = tmp_path_factory.mktemp('trained') / 'work'
    torch.set_num_threads(1)
    build_runner(config(digits, folder, epochs=1)).train()
    assert (folder / BEST.format(1)).is_file()
    return folder


@pytest.fixture
def crafted(trained, tmp_path):
    """Write a checkpoint of the training with other entries in its message hub."""

    def crafted(**notes):
        content = torch.load(trained / 'epoch_1.pth', weights_only=True)
        content['message_hub']['runtime_info'].update(notes)
        content['message_hub']['resumed_keys'].update(dict.fromkeys(notes, True))
        torch.save(content, tmp_path / 'crafted.pth')
        return tmp_path / 'crafted.pth'

    return crafted


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['AtomicCheckpointHook', 'CheckpointHook'])
def test_the_best_checkpoint_of_the_run_that_was_copied_stays(digits, trained, tmp_path, kind):
    """The copy's own one is replaced."""
    before = tree(trained)
    copied = shutil.copytree(trained, tmp_path / 'copied')
    cfg = config(digits, copied)
    cfg.default_hooks.checkpoint.type = kind
    if kind == 'CheckpointHook':
        cfg.default_hooks.pop('graceful_stop')
    resume(cfg, copied / 'epoch_1.pth')
    assert tree(trained) == before
    assert [path.name for path in copied.glob('best_*')] == [BEST.format(2)]


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['AtomicCheckpointHook', 'CheckpointHook'])
def test_paths_in_a_checkpoint_remove_nothing(digits, crafted, tmp_path, kind):
    """Names of others, folders, ``..``, links, and what is not a name at all."""
    victim = tmp_path / 'victim'
    (victim / 'epoch_7.pth').mkdir(parents=True)
    (victim / 'keep.pth').write_text('keep')
    work = tmp_path / 'work'
    (work / 'epoch_8.pth').mkdir(parents=True)
    (work / 'epoch_8.pth' / 'keep').write_text('keep')
    (work / 'notes.txt').write_text('keep')
    (work / 'iter_5.txt').write_text('keep')
    (work / 'linked').symlink_to(victim)
    (work / 'best_other_epoch_1.pth').write_text('keep')
    before = tree(tmp_path)
    checkpoint = crafted(
        best_ckpt=str(victim / 'keep.pth'),
        best_score=-2.0,
        last_ckpt=str(victim),
        stop_checkpoints=[
            'notes.txt', 'iter_5.txt', '../victim/keep.pth', 'linked/keep.pth', '..', 'linked',
            str(victim), '', None, 3, ['notes.txt'],
        ],
        keep_ckpt_ids=[
            '/../../victim/keep', '8', 8, 8.0, True, None, -1, 10**300, [8], str(victim), 1, 1,
        ],
    )  # fmt: skip
    cfg = config(digits, work, max_keep_ckpts=1)
    cfg.default_hooks.checkpoint.type = kind
    if kind == 'CheckpointHook':
        cfg.default_hooks.pop('graceful_stop')
        (work / 'epoch_8.pth').rename(work / 'epoch_9.pth')
        before = tree(tmp_path)
    resume(cfg, checkpoint)
    after = tree(tmp_path)
    assert {path: after.get(path, 'gone') for path in before} == before
    hub = torch.load(work / 'epoch_2.pth', weights_only=True)['message_hub']['runtime_info']
    assert set(hub['keep_ckpt_ids']) <= {1, 2, 8}
    assert hub.get('stop_checkpoints', []) == []
    assert hub['best_ckpt'] == str(work / BEST.format(2))


@pytest.mark.parametrize(
    'notes',
    [
        dict(best_ckpt=3, best_score='high'),
        dict(best_ckpt=['a'], keep_ckpt_ids='abc', stop_checkpoints='notes.txt'),
        dict(best_ckpt={}, keep_ckpt_ids={}, stop_checkpoints={'a': 1}),
        dict(best_ckpt='best_knn_top1_k5_epoch_.pth', keep_ckpt_ids=7, stop_checkpoints=7),
    ],
)
def test_notes_of_other_types_are_dropped(notes):
    hub = MessageHub('notes')
    hub.runtime_info.update(notes)
    keep_own_files(hub, CheckpointHook(save_best=KEY, rule='greater'), 'work')
    assert {key: value for key, value in hub.runtime_info.items() if value != []} == {}


@pytest.mark.slow
def test_files_of_this_run_are_removed(digits, trained, tmp_path):
    """A link among them goes itself, and what it leads to stays."""
    work = shutil.copytree(trained, tmp_path / 'work')
    (tmp_path / 'large.pth').write_text('keep')
    (work / BEST.format(1)).unlink()
    (work / BEST.format(1)).symlink_to(tmp_path / 'large.pth')
    resume(config(digits, work, max_keep_ckpts=1), work / 'epoch_1.pth')
    assert (tmp_path / 'large.pth').read_text() == 'keep'
    assert sorted(path.name for path in work.glob('*.pth')) == [BEST.format(2), 'epoch_2.pth']


@pytest.mark.slow
def test_a_folder_in_the_place_of_a_checkpoint_stays(digits, trained, tmp_path):
    work = shutil.copytree(trained, tmp_path / 'work')
    resumed = shutil.move(work / 'epoch_1.pth', tmp_path / 'resumed.pth')
    for name in ('epoch_1.pth', BEST.format(1)):
        (work / name).unlink(missing_ok=True)
        (work / name).mkdir()
        (work / name / 'keep').write_text('keep')
    resume(config(digits, work, max_keep_ckpts=1), resumed)
    assert (work / 'epoch_1.pth/keep').is_file() and (work / BEST.format(1) / 'keep').is_file()


@pytest.mark.slow
def test_a_best_checkpoint_that_is_saved_again_stays(digits, trained, tmp_path):
    """The epoch before the stop is validated once more, and is better than it was."""
    work = shutil.copytree(trained, tmp_path / 'work')
    cfg = config(digits, work)
    cfg.update(resume=True, load_from=str(work / 'epoch_1.pth'))
    runner = build_runner(cfg)
    hook = next(hook for hook in runner.hooks if isinstance(hook, CheckpointHook))
    runner.load_or_resume()
    runner.call_hook('before_train')
    hook.after_val_epoch(runner, {KEY: 101.0})
    assert (work / BEST.format(1)).is_file()


@pytest.mark.slow
@pytest.mark.parametrize('names', [['auto'], [KEY, 'knn/top1_k10']])
def test_other_ways_to_name_the_best(digits, tmp_path, names):
    """By whatever metric comes first, and by several metrics, each with a file of its own."""
    folders = [tmp_path / 'first', tmp_path / 'copied']
    cfg = config(digits, folders[0], epochs=1)
    cfg.default_hooks.checkpoint.save_best = names
    build_runner(cfg).train()
    before = tree(shutil.copytree(*folders))
    cfg = config(digits, folders[1])
    cfg.default_hooks.checkpoint.save_best = names
    runner = resume(cfg, folders[1] / 'epoch_1.pth')
    assert tree(folders[0]) == before
    found = sorted(path.name for path in folders[1].glob('best_*'))
    assert len(found) == len(names) and runner.epoch == 2
