"""Fixtures of all tests; ``conftest.py`` loads them where tests run."""

from functools import cache, partial

import pytest
import torch
from mmengine.runner import runner as mmengine_runner
from mmpretrain.registry import MODELS
from torch.utils.data import _utils as loader_utils

from npid_mm.cli import benchmark as command
from npid_mm.config.config_file import fast_lookup
from npid_mm.datasets import split_folder, write_digits
from tests import layouts
from tests.once import once
from tests.probes import pretrain
from tests.toy import digits_config

EPOCHS = 12  # of pretraining on the digits


@pytest.fixture(scope='session', autouse=True)
def own_settings(tmp_path_factory):
    """Keep the keys of the tests out of the user's settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CONFIG_HOME', str(tmp_path_factory.mktemp('settings')))
        yield


@pytest.fixture(scope='session', autouse=True)
def fast_configs():
    """Read configs without MMPretrain's metafiles, which takes half a second each time."""
    with fast_lookup():
        yield


@pytest.fixture(scope='session', autouse=True)
def environment_report():
    """Ask the compilers for their versions once, not for each Runner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmengine_runner, 'collect_env', cache(mmengine_runner.collect_env))
        yield


@pytest.fixture(scope='session', autouse=True)
def failed_loaders():
    """Wait 0.5 instead of 5 seconds for each worker of a data loader that ended with an error.

    Such a loader is in a reference cycle, so its queues are finalized before it can tell its
    workers to stop.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader_utils, 'MP_STATUS_CHECK_INTERVAL', 0.5)
        yield


@pytest.fixture(scope='session')
def digits(tmp_path_factory):
    """The digits as image folders, with their lists."""

    def fill(folder):
        write_digits(folder)
        split_folder(folder, folder)

    return once(tmp_path_factory, 'digits', fill)


@pytest.fixture(scope='session')
def pretrained(digits, tmp_path_factory):
    """Checkpoint of an NPID that was trained on the digits."""
    torch.set_num_threads(1)  # before the fixture of each test does
    folder = once(tmp_path_factory, 'pretrained', partial(pretrain, digits, epochs=EPOCHS))
    return folder / f'epoch_{EPOCHS}.pth'


@pytest.fixture(scope='session')
def imagenet(digits, tmp_path_factory):
    """The digits as ImageNet: ten classes, 4 training and 2 validation images each."""
    return once(tmp_path_factory, 'imagenet', partial(layouts.write_imagenet, digits))


@pytest.fixture(scope='session')
def places205(digits, tmp_path_factory):
    """The digits as ten scenes of Places205, 4 training and 2 validation images each."""
    return once(tmp_path_factory, 'places205', partial(layouts.write_places205, digits))


@pytest.fixture(scope='session')
def inaturalist2018(digits, tmp_path_factory):
    """The digits as ten species of iNaturalist 2018, 4 training and 2 validation images each."""
    fill = partial(layouts.write_inaturalist2018, digits)
    return once(tmp_path_factory, 'inaturalist2018', fill)


@pytest.fixture(scope='session')
def voc2007(digits, tmp_path_factory):
    """Mosaics of digits as VOC2007: 60 images of trainval and 40 of test, 20 classes."""
    fill = partial(layouts.write_voc2007, digits)
    return once(tmp_path_factory, 'voc', fill) / 'VOCdevkit/VOC2007'


@pytest.fixture(autouse=True)
def one_thread():
    """Compute with one thread: small tensors are faster, and the order of sums is fixed."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def benchmark(monkeypatch, capsys, tmp_path):
    """Module of the command, in an empty folder.

    ``benchmark.run(...)`` returns the exit status and the output.
    """
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('COLUMNS', '300')
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr('sys.argv', ['benchmark.py', *map(str, arguments)])
        capsys.readouterr()
        return command.main(), capsys.readouterr().out

    monkeypatch.setattr(command, 'run', run, raising=False)
    return command


@pytest.fixture(scope='session')
def digits_run(digits, tmp_path_factory):
    """Config and checkpoint of an untrained NPID for the digits."""
    folder = tmp_path_factory.mktemp('run')
    cfg = digits_config(digits, folder)
    torch.manual_seed(1)
    model = MODELS.build({'data_preprocessor': cfg.model.data_preprocessor, **cfg.model})
    model.init_weights()
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'epoch_1.pth')
    return cfg, str(folder / 'epoch_1.pth')


@pytest.fixture(scope='session')
def other_run(digits_run, tmp_path_factory):
    """Checkpoint of the same network with one weight changed a little."""
    content = torch.load(digits_run[1], weights_only=True)
    content['state_dict']['neck.fc.bias'][3] += 1e-3
    path = tmp_path_factory.mktemp('other') / 'epoch_1.pth'
    torch.save(content, path)
    return str(path)
