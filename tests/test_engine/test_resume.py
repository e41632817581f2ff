"""The checkpoint of a work dir that a run resumes from."""

import os
import shutil

import pytest
import torch
from mmengine.config import Config

from npid_mm.engine import launch, resume
from npid_mm.engine.launch import set_resume
from npid_mm.engine.resume import UnreadableCheckpointError, newest_checkpoint
from npid_mm.utils.atomic_io import UNFINISHED


def write(path, iteration, epoch, run=None):
    content = dict(meta=dict(iter=iteration, epoch=epoch), rows=torch.ones(1000))
    if run:
        content['message_hub'] = dict(runtime_info=dict(run_id=run))
    torch.save(content, path)
    return path


@pytest.fixture
def folder(tmp_path):
    """Checkpoints whose names and times are in another order than their progress."""
    for epoch in (10, 9, 1):
        write(tmp_path / f'epoch_{epoch}.pth', 7 * epoch, epoch)
    write(tmp_path / 'best_knn_epoch_11.pth', 77, 11)
    return tmp_path


@pytest.fixture
def said(monkeypatch):
    """Record the log messages, whatever logger earlier runs of this process have left."""
    messages = []
    for module in (resume, launch):
        monkeypatch.setattr(module, 'print_log', lambda text, *_, **__: messages.append(text))
    return messages


def cut(path, keep=0.5):
    os.truncate(path, int(path.stat().st_size * keep))


def test_furthest_is_taken(folder):
    assert newest_checkpoint(folder).name == 'epoch_10.pth'
    write(folder / 'iter_72.pth', 72, 10)
    assert newest_checkpoint(folder).name == 'iter_72.pth'
    # after the last step of an epoch, and after that epoch
    write(folder / 'iter_77.pth', 77, 10)
    write(folder / 'epoch_11.pth', 77, 11)
    assert newest_checkpoint(folder).name == 'epoch_11.pth'


@pytest.mark.parametrize('keep', [0.0, 0.5, 0.999])
def test_truncated_newest_gives_way_to_the_one_before(folder, said, keep):
    cut(folder / 'epoch_10.pth', keep)
    assert newest_checkpoint(folder) == folder / 'epoch_9.pth'
    assert said == [
        'passing over unreadable checkpoints:\n'
        f'  {folder}/epoch_10.pth: it is cut off, or not a checkpoint\n'
        f'resuming from {folder}/epoch_9.pth instead (epoch 9, iteration 63)'
    ]


def test_wrong_bytes_in_a_whole_file_are_found(folder):
    """A power cut may leave the length of a file that was not synchronized, without contents."""
    path = folder / 'epoch_10.pth'
    contents = bytearray(path.read_bytes())
    ones = contents.index(torch.ones(1000).numpy().tobytes())
    contents[ones : ones + 512] = bytes(512)
    path.write_bytes(contents)
    assert newest_checkpoint(folder) == folder / 'epoch_9.pth'


def test_nothing_readable_is_an_error_that_lists_all(folder):
    for path in folder.glob('epoch_*.pth'):
        cut(path)
    with pytest.raises(UnreadableCheckpointError) as caught:
        newest_checkpoint(folder)
    for part in ('epoch_1.pth: ', 'epoch_9.pth: ', 'epoch_10.pth: ', '--resume CHECKPOINT'):
        assert part in str(caught.value)


def test_files_without_progress_are_not_checkpoints(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'epoch_1.pth')
    with pytest.raises(UnreadableCheckpointError, match="epoch_1.pth: KeyError 'meta'"):
        newest_checkpoint(tmp_path)


def test_no_checkpoint_at_all_starts_as_the_config_says(tmp_path, said):
    cfg = Config(dict(work_dir=str(tmp_path), load_from='pretrained.pth', resume=False))
    set_resume(cfg, 'auto')
    assert not cfg.resume and cfg.load_from == 'pretrained.pth'
    assert said == [f'no checkpoint in {tmp_path} yet: starting from scratch']


def test_set_resume_takes_the_newest_or_the_named(folder):
    cfg = Config(dict(work_dir=str(folder)))
    set_resume(cfg, 'auto')
    assert cfg.resume and cfg.load_from == str(folder / 'epoch_10.pth')
    set_resume(cfg, str(folder / 'epoch_1.pth'))
    assert cfg.load_from == str(folder / 'epoch_1.pth')


def test_last_checkpoint_may_name_a_file_elsewhere(folder, tmp_path_factory):
    """CheckpointHook.out_dir and custom names; a name that is gone is not followed."""
    away = write(tmp_path_factory.mktemp('away') / 'custom.pth', 100, 14)
    (folder / 'last_checkpoint').write_text(str(away))
    assert newest_checkpoint(folder) == away
    away.unlink()
    assert newest_checkpoint(folder).name == 'epoch_10.pth'


def test_a_moved_work_dir_is_read_where_it_is(folder, tmp_path_factory):
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_10.pth'))
    moved = tmp_path_factory.mktemp('moved') / 'work'
    shutil.move(folder, moved)
    assert newest_checkpoint(moved) == moved / 'epoch_10.pth'


def test_a_run_whose_checkpoints_are_gone_does_not_start_from_scratch(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('work/epoch_3.pth')
    with pytest.raises(UnreadableCheckpointError, match='epoch_3.pth: the file does not exist'):
        newest_checkpoint(tmp_path)


@pytest.fixture
def two_runs(tmp_path):
    """A run of three epochs, and one that was started from scratch and finished two."""
    write(tmp_path / 'epoch_3.pth', 21, 3, 'old')
    for epoch in (1, 2):
        write(tmp_path / f'epoch_{epoch}.pth', 7 * epoch, epoch, 'new')
    (tmp_path / 'last_checkpoint').write_text(f'where/it/was/before/{tmp_path.name}/epoch_2.pth')
    return tmp_path


def test_the_run_that_last_checkpoint_names_is_resumed(two_runs, said):
    assert newest_checkpoint(two_runs).name == 'epoch_2.pth'
    assert said == [
        f'passing over checkpoints of another run in {two_runs}: epoch_3.pth; resuming from '
        f'{two_runs}/epoch_2.pth, of the run that wrote last'
    ]


def test_an_older_checkpoint_of_the_same_run_comes_before_another_run(two_runs):
    path = two_runs / 'epoch_2.pth'
    contents = bytearray(path.read_bytes())
    contents[contents.index(torch.ones(1000).numpy().tobytes())] ^= 1
    path.write_bytes(contents)
    assert newest_checkpoint(two_runs).name == 'epoch_1.pth'
    cut(path)  # so that it cannot tell its run: then the run of the newest file that can
    os.utime(two_runs / 'epoch_1.pth')
    assert newest_checkpoint(two_runs).name == 'epoch_1.pth'


def test_checkpoints_of_another_run_do_not_stand_in_for_unreadable_ones(two_runs):
    (two_runs / 'epoch_1.pth').unlink()
    path = two_runs / 'epoch_2.pth'
    contents = bytearray(path.read_bytes())
    contents[contents.index(torch.ones(1000).numpy().tobytes())] ^= 1
    path.write_bytes(contents)
    with pytest.raises(UnreadableCheckpointError, match=r'2.pth: .*\nof another run: epoch_3'):
        newest_checkpoint(two_runs)


def test_checkpoints_without_a_run_are_one_run(two_runs):
    """Those of earlier versions, beside a run that has an id."""
    write(two_runs / 'epoch_2.pth', 14, 2)
    write(two_runs / 'epoch_4.pth', 28, 4)
    assert newest_checkpoint(two_runs).name == 'epoch_4.pth'


def test_an_unfinished_file_is_not_taken_for_a_checkpoint(tmp_path):
    (tmp_path / f'epoch_1.pth{UNFINISHED}').write_bytes(b'half')
    assert newest_checkpoint(tmp_path) is None
