"""Checkpoints that do not fill the network are refused before a run starts."""

import copy

import pytest
import torch
from mmengine.runner import Runner
from torchvision.models import resnet18

from npid_mm.checkpoints import backbone_weights
from npid_mm.checkpoints.convert.npid_state import BANK
from npid_mm.engine.launch import build_runner
from tests.toy import digits_config, unit_rows

pytestmark = pytest.mark.slow

OTHER = (
    r'does not fit the model: \d+ of \d+ weights would stay unfilled \(.*; it holds 122: '
    r'conv1\.weight, bn1\.weight, .*make model\.backbone and model\.neck those of the checkpoint'
)


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """Checkpoint of an epoch of the toy network."""
    work_dir = tmp_path_factory.mktemp('trained')
    Runner.from_cfg(digits_config(digits, work_dir)).train()
    return work_dir / 'epoch_1.pth'


@pytest.fixture
def run(digits, tmp_path):
    """Train from, or test, a state dict in a new Runner, which is returned."""

    def run(state, test=False, **settings):
        torch.save(state, tmp_path / 'in.pth')
        cfg = digits_config(digits, tmp_path / 'run')
        cfg.load_from = str(tmp_path / 'in.pth')
        cfg.merge_from_dict(settings)
        runner = Runner.from_cfg(cfg)
        runner.test() if test else runner.train()
        return runner

    return run


@pytest.mark.parametrize('test', [False, True], ids=['load_from', 'test'])
def test_another_network_is_refused(run, test):
    with pytest.raises(ValueError, match=OTHER):
        run(resnet18().state_dict(), test)


def test_a_backbone_alone_starts_a_training_but_is_not_tested(run, trained):
    """The neck would be a random one, and the bank random rows."""
    weights = backbone_weights(trained)
    settings = {'optim_wrapper.optimizer.lr': 0.0, 'param_scheduler': None}
    runner = run(weights, **settings)
    model = runner.model
    assert model.absent_parts == ('memory_bank', 'neck')
    got = model.backbone.state_dict()
    assert all(torch.equal(got[name], value) for name, value in weights.items())
    with pytest.raises(ValueError, match=r'no weights of model\.neck, which the test would read'):
        run(weights, test=True)
    assert run(weights, test=True, **{'test_cfg.feature': 'backbone'}).iter == 0


def test_a_bank_that_the_checkpoint_lacks_is_not_searched(run, trained):
    state = copy.copy(torch.load(trained, weights_only=True)['state_dict'])
    del state[BANK]
    settings = {'test_cfg.reference': 'bank', 'model.memory_bank.length': 64}
    with pytest.raises(ValueError, match=r'no weights of model\.memory_bank, which the test woul'):
        run(state, test=True, **settings)
    run(state | {BANK: unit_rows(64, 16)}, test=True, **settings)


def test_another_neck_is_refused_and_nothing_changes(digits, trained, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.model.neck.out_channels = cfg.model.memory_bank.feat_dim = 8
    cfg.load_from = str(trained)
    runner = Runner.from_cfg(cfg)
    before = copy.deepcopy(runner.model.state_dict())
    message = r'2 of another shape: neck\.fc\.weight \(16, 64\) instead of \(8, 64\), .*extract_b'
    with pytest.raises(ValueError, match=message):
        runner.load_or_resume()
    after = runner.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_checkpoint_without_its_training_is_not_resumed(digits, trained, tmp_path):
    """Published checkpoints are like that."""
    content = torch.load(trained, weights_only=True)
    for key in ('optimizer', 'message_hub', 'param_schedulers'):
        del content[key]
    torch.save(content, tmp_path / 'pub.pth')
    cfg = digits_config(digits, tmp_path, epochs=2)
    cfg.update(resume=True, load_from=str(tmp_path / 'pub.pth'))
    message = (
        r'pub\.pth cannot be resumed, as it has no message_hub\.log_scalars: .*load_from=.*pub'
    )
    with pytest.raises(ValueError, match=message):
        build_runner(cfg).train()
    torch.save(content['state_dict'], tmp_path / 'pub.pth')
    cfg.experiment_name += '2'
    with pytest.raises(ValueError, match=r'pub\.pth cannot be resumed, as it has no meta\.epoch'):
        build_runner(cfg).train()
