"""The record in the folder of a run, and how a run is found."""

import copy
import json
import shutil

import pytest

from npid_mm.api.run_folder import RECORD, find_run, record_training, write_record
from npid_mm.retrieval.index.metadata import META


@pytest.fixture
def run(tmp_path, digits_run):
    """A folder with the record and the checkpoint of an untrained network."""
    cfg, checkpoint = digits_run
    write_record(tmp_path, cfg)
    shutil.copy(checkpoint, tmp_path / 'epoch_1.pth')
    return tmp_path


def test_a_checkpoint_in_a_run_has_its_config(run, digits_run):
    cfg, checkpoint = find_run(run / 'epoch_1.pth')
    assert checkpoint == str(run / 'epoch_1.pth')
    assert cfg.model.backbone == digits_run[0].model.backbone
    assert cfg.test_dataloader.dataset.pipeline == digits_run[0].test_dataloader.dataset.pipeline


def test_another_checkpoint_needs_its_config(run, digits_run):
    (run / RECORD).unlink()
    with pytest.raises(
        FileNotFoundError, match=r'has no run\.json, .* of epoch_1\.pth with config='
    ):
        find_run(run / 'epoch_1.pth')
    digits_run[0].dump(run / 'config.py')
    cfg, _ = find_run(run / 'epoch_1.pth', run / 'config.py')
    assert cfg.model.neck == digits_run[0].model.neck


def test_a_config_in_the_folder_is_not_executed(run):
    (run / RECORD).unlink()
    (run / 'config.py').write_text(f'open({str(run / "executed")!r}, "w")')
    with pytest.raises(FileNotFoundError, match='it is Python code and runs'):
        find_run(run / 'epoch_1.pth')
    assert not (run / 'executed').exists()


def test_trainings_of_npid_are_recorded(tmp_path, digits_run):
    cfg = copy.deepcopy(digits_run[0])
    cfg.work_dir = str(tmp_path)
    cfg.model.backbone.type = 'my.Network'  # would import a module
    record_training(cfg)
    cfg.model.type = 'ProbeClassifier'
    record_training(cfg)
    assert not list(tmp_path.iterdir())
    cfg.model = digits_run[0].model
    record_training(cfg)
    shutil.copy(digits_run[1], tmp_path)
    assert find_run(tmp_path / 'epoch_1.pth')[0].model.backbone == cfg.model.backbone


def test_other_folders_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no checkpoint: give the folder of a run'):
        find_run(tmp_path)
    (tmp_path / META).write_text('{}')
    with pytest.raises(ValueError, match='is an index, and a run or a checkpoint is needed'):
        find_run(tmp_path)
    with pytest.raises(FileNotFoundError, match='checkpoint not found: .*lost'):
        find_run(tmp_path / 'lost')


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"encoder": 3}', '[' * 100_000])
def test_a_damaged_record_is_refused(run, text):
    (run / RECORD).write_text(text)
    with pytest.raises(ValueError, match=r'run\.json is damaged .*: name the config of the run'):
        find_run(run / 'epoch_1.pth')


def test_a_record_builds_harmless_classes_only(run):
    record = json.loads((run / RECORD).read_text())
    record['encoder']['backbone'] = {'type': 'torch.hub.load'}
    (run / RECORD).write_text(json.dumps(record))
    with pytest.raises(ValueError, match='may only build registered models'):
        find_run(run / 'epoch_1.pth')
