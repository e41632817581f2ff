"""A detector starts from the complete backbone of a checkpoint, or not at all."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.engine import PretrainedBackboneHook
from npid_mm.engine.launch import build_runner
from tests.probes import POOLED, probe_config
from tests.svm_runs import again
from tests.test_engine.test_hooks.small_detector import Run

STAGES = ('conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4')


@pytest.fixture
def checkpoint(tmp_path):
    """The checkpoint of a pretraining: backbone, projection and bank."""
    init_default_scope('mmpretrain')
    torch.manual_seed(1)
    state = MODELS.build(POOLED['backbone']).state_dict()
    state = {name: torch.rand_like(value.float()) for name, value in state.items()}
    stored = {f'backbone.{name}': value for name, value in state.items()}
    stored |= {'neck.fc.weight': torch.rand(16, 64), 'memory_bank.feature_bank': torch.rand(9, 16)}
    torch.save(dict(state_dict=stored), tmp_path / 'npid.pth')
    return tmp_path / 'npid.pth', state


def weights_of(model, c4):
    found = model.backbone.state_dict()
    return found | model.roi_head.shared_head.state_dict() if c4 else found


@pytest.mark.parametrize('c4', [False, True], ids=['backbone', 'c4'])
def test_every_weight_arrives_where_it_belongs(checkpoint, c4):
    """To the bit, the last stage of C4 in the head; the norm after it starts afresh."""
    path, state = checkpoint
    run = Run(str(path), c4)
    norm = nn.BatchNorm2d(64).state_dict()
    PretrainedBackboneHook().before_train(run)
    found = weights_of(run.model, c4)
    assert {name.split('.')[0] for name in state} == set(STAGES)
    for name, value in state.items():
        assert torch.equal(found[name], value.to(found[name].dtype)), name
    if c4:
        assert 'layer4.0.conv1.weight' not in run.model.backbone.state_dict()
        head = run.model.roi_head.shared_head
        assert all(torch.equal(norm[name], value) for name, value in head.norm.state_dict().items())


def test_through_a_wrapper(checkpoint):
    """Ranks wrap the model; what is wrapped is filled."""
    path, state = checkpoint
    run = Run(str(path))
    model = run.model
    run.model = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    nn.Module.__init__(run.model)
    run.model.module = model
    PretrainedBackboneHook().before_train(run)
    assert torch.equal(model.backbone.conv1.weight, state['conv1.weight'])


def test_without_a_checkpoint_it_does_not_start():
    with pytest.raises(ValueError, match=r"pretrained must name.*pretrained=PATH \('random'"):
        PretrainedBackboneHook().before_train(Run(None))


def test_untrained_on_request():
    run = Run('random')
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    PretrainedBackboneHook().before_train(run)
    after = run.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'checkpoint not found: .*none\.pth'):
        PretrainedBackboneHook().before_train(Run(str(tmp_path / 'none.pth')))


def drop(state, part):
    return {name: value for name, value in state.items() if not name.startswith(part)}


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (lambda state: drop(state, 'layer4'), r'missing: layer4\.0\.conv1\.weight'),
        (lambda state: drop(state, 'conv1'), r'1 missing: conv1\.weight'),
        (
            lambda state: state | {'layer4.9.conv1.weight': torch.rand(1)},
            r'1 unexpected: layer4\.9',
        ),
        (
            lambda state: state | {'conv1.weight': torch.rand(8, 3, 7, 7)},
            r'conv1\.weight \(8, 3, 7, 7\) instead of \(8, 3, 3, 3\)',
        ),
    ],
    ids=['no last stage', 'no stem', 'deeper', 'other stem'],
)
@pytest.mark.parametrize('c4', [False, True], ids=['backbone', 'c4'])
def test_what_does_not_fit_leaves_the_model_alone(checkpoint, spoil, message, c4):
    path, state = checkpoint
    torch.save({f'backbone.{k}': v for k, v in spoil(state).items()}, path)
    run = Run(str(path), c4)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    with pytest.raises(ValueError, match=f'(?s)does not fit the backbone of the Det.*{message}'):
        PretrainedBackboneHook().before_train(run)
    after = run.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_resumed_run_is_left_alone():
    """A resumed run has all weights; the file of the pretraining may be gone."""
    run = Run(None)
    run.iter = 1
    PretrainedBackboneHook().before_train(run)


def start_from(run, state):
    """Call the hook as a run with ``load_from`` does."""
    run.cfg.load_from = 'from.pth'
    hook = PretrainedBackboneHook()
    hook.after_load_checkpoint(run, state)
    hook.before_train(run)


def with_prefix(prefix, state):
    return {f'{prefix}{name}': value for name, value in state.items()}


@pytest.mark.parametrize('c4', [False, True], ids=['backbone', 'c4'])
@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_a_whole_model_to_start_from(prefix, c4):
    """A whole model has a backbone, which ``pretrained`` must not replace silently."""
    run = Run(None, c4)
    state = with_prefix(prefix, Run(None, c4).model.state_dict())
    start_from(run, dict(state_dict=state))
    start_from(run, state)
    run.cfg.pretrained = 'npid.pth'
    message = 'pretrained=npid.pth would replace the backbone of load_from=from.pth'
    with pytest.raises(ValueError, match=message):
        start_from(run, state)


@pytest.mark.parametrize(
    ('change', 'c4', 'message'),
    [
        (lambda state: state, False, r'100 missing: .* and 95 more'),
        (lambda state: with_prefix('module.', state), False, r'missing: backbone\.conv1\.weight, '),
        (
            lambda state: with_prefix('backbone.', state),
            True,
            r'25 missing: roi_head\.shared_head\.layer4\.0\.conv1\.weight, ',
        ),
        (
            lambda state: with_prefix('backbone.', drop(state, 'layer4.1.bn2')),
            False,
            r'4 missing: backbone\.layer4\.1\.bn2\.weight',
        ),
        (
            lambda state: with_prefix(
                'backbone.', state | {'conv1.weight': torch.rand(8, 3, 7, 7)}
            ),
            False,
            r'1 of another shape: backbone\.conv1\.weight \(8, 3, 7, 7\) instead of \(8, 3, 3, 3\)',
        ),
    ],
    ids=['bare', "the authors'", 'pretraining for C4', 'cut off', 'other stem'],
)
def test_what_leaves_the_backbone_as_it_was_drawn_is_refused(change, c4, message, checkpoint):
    """MMEngine loads what fits and passes over the rest, with a warning at most."""
    run = Run(None, c4)
    expected = (
        r'(?s)load_from=from\.pth would leave the backbone of the Detector untrained: '
        rf'.*{message}.*as --cfg-options pretrained=from\.pth'
    )
    with pytest.raises(ValueError, match=expected):
        start_from(run, dict(state_dict=change(checkpoint[1])))


def test_a_test_needs_the_whole_model(checkpoint):
    """A training only needs the backbone."""
    run, hook = Run(None, c4=False), PretrainedBackboneHook()
    run.model.classifier = torch.nn.Linear(2, 2)
    state = run.model.state_dict()
    hook.after_load_checkpoint(run, dict(state_dict=state))
    hook.before_test(run)
    backbone = {name: value for name, value in state.items() if 'classifier' not in name}
    hook.after_load_checkpoint(run, dict(state_dict=backbone))
    message = r'does not fill the Detector: 2 missing: classifier\.weight, classifier\.bias: give'
    with pytest.raises(ValueError, match=message):
        hook.before_test(run)


@pytest.mark.slow
def test_runner_refuses_load_from_that_fills_nothing(digits, checkpoint, tmp_path):
    """Refused before the first step."""
    path, state = checkpoint
    torch.save(state, path)
    cfg = watched_config(digits, tmp_path / 'run')
    cfg.load_from = str(path)
    with pytest.raises(ValueError, match='load_from=.* would leave the backbone of the ImageCl'):
        build_runner(cfg).train()
    torch.save(with_prefix('backbone.', state), path)
    runner = build_runner(again(cfg))
    runner.train()
    weight = runner.model.backbone.conv1.weight
    assert torch.equal(weight, state['conv1.weight'])


def watched_config(digits, work_dir):
    """One epoch of a classifier that learns nothing, with the hook."""
    cfg = probe_config(digits, work_dir, POOLED)
    cfg.model = dict(
        POOLED, type='ImageClassifier', data_preprocessor=dict(mean=[78.0] * 3, std=[96.0] * 3)
    )
    cfg.train_cfg.max_epochs = 1
    cfg.optim_wrapper.optimizer.lr = 1e-30  # too little to change a weight
    cfg.custom_hooks = [dict(type='PretrainedBackboneHook')]
    return cfg


@pytest.mark.slow
def test_runner_calls_it_after_the_initialization(digits, checkpoint, tmp_path):
    """The weights are loaded before the first step, and stay without one."""
    path, state = checkpoint
    cfg = watched_config(digits, tmp_path / 'run')
    cfg.pretrained = str(path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    parameters = dict(runner.model.backbone.named_parameters())
    assert parameters
    assert all(torch.equal(value, state[name]) for name, value in parameters.items())
