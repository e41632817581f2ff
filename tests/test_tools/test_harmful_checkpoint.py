"""A checkpoint that runs code when it is unpickled: no tool that a user gives it to runs it."""

import os
import runpy
import uuid

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_from_local

from npid_mm.cli.quickstart.command import main as quickstart
from npid_mm.engine.inference import load_network
from tests.toy import ROOT, digits_config

pytestmark = pytest.mark.slow


class Touch:
    """Unpickled, it writes the file ``trace``."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """Config and content of the checkpoint of a short training."""
    folder = tmp_path_factory.mktemp('trained')
    torch.set_num_threads(1)
    cfg = digits_config(digits, folder)
    cfg.train_cfg.val_interval = 9
    Runner.from_cfg(cfg).train()
    return cfg, torch.load(folder / 'epoch_1.pth', weights_only=True)


@pytest.fixture
def trace(tmp_path):
    return tmp_path / 'trace'


@pytest.fixture
def harmful(trained, trace, tmp_path):
    """That checkpoint with the harm in it, in each of the parts that a run looks at."""

    def harmful(path=tmp_path / 'harmful.pth', **parts):
        content = trained[1] | parts
        for name in ('meta', 'message_hub'):
            content[name] = content[name] | dict(harm=Touch(trace))
        torch.save(content | dict(harm=Touch(trace)), path)
        return path

    return harmful


@pytest.fixture
def run(monkeypatch, trained, tmp_path):
    """Run a tool in this process on the config, for two epochs."""

    def run(tool, *arguments):
        cfg = trained[0].copy()
        cfg.experiment_name = uuid.uuid4().hex  # MMEngine hands out loggers by it
        cfg.work_dir = str(tmp_path / 'work')
        cfg.train_cfg.max_epochs = 2
        cfg.dump(tmp_path / 'config.py')
        path = str(ROOT / 'tools' / tool)
        arguments = (tmp_path / 'config.py', *arguments)
        monkeypatch.setattr('sys.argv', [path, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name='__main__')
        assert not end.value.code

    return run


def test_mmengine_alone_would_run_it(harmful, trace):
    """So that the other tests can fail."""
    load_from_local(str(harmful()), None)
    assert trace.exists()


def test_testing(harmful, run, trace, tmp_path):
    run('test.py', harmful(), '--out', tmp_path / 'metrics.json')
    assert (tmp_path / 'metrics.json').is_file() and not trace.exists()


def test_training_from_it(harmful, run, trace, tmp_path):
    run('train.py', '--cfg-options', f'load_from={harmful()}', 'train_cfg.max_epochs=1')
    assert (tmp_path / 'work/epoch_1.pth').is_file() and not trace.exists()


@pytest.mark.parametrize('named', [True, False], ids=['named', 'found'])
def test_resuming_it(harmful, run, trace, trained, tmp_path, named):
    """And what the run saves again has nothing of it."""
    (tmp_path / 'work').mkdir()
    path = harmful(tmp_path / ('harmful.pth' if named else 'work/epoch_1.pth'))
    run('train.py', '--resume', *([path] if named else []))
    saved = torch.load(tmp_path / 'work/epoch_2.pth', weights_only=True)
    assert saved['meta']['iter'] == 2 * trained[1]['meta']['iter']
    assert not trace.exists()


def test_the_quickstart(harmful, trace, tmp_path):
    """It ends at the load, as there is no network in the file."""
    options = ['--work-dir', tmp_path / 'quick', '--cfg-options']
    options.append(f'load_from={harmful(state_dict={})}')
    with pytest.raises(ValueError, match='harmful.pth holds no network'):
        quickstart([*map(str, options)])
    assert not trace.exists()


def test_the_network_of_an_index(harmful, trace, trained):
    load_network(Config(trained[0].to_dict()), str(harmful()))
    assert not trace.exists()
