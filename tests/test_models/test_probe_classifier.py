"""Probes learn from a pretrained backbone, do not change it, and never start without it."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from npid_mm.checkpoints import backbone_weights
from tests.probes import LAYERS, POOLED, PREPROCESSOR, probe_config
from tests.toy import NECK, npid_config

pytestmark = pytest.mark.slow

CHANCE = 10.0  # percent, of ten digits


def run(digits, work_dir, model, checkpoint, **arguments):
    """Train a probe; return the runner and the metrics of its test."""
    runner = Runner.from_cfg(probe_config(digits, work_dir, model, checkpoint, **arguments))
    runner.train()
    return runner, runner.test()


def assert_equal_states(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name


def build(model, **arguments):
    init_default_scope('mmpretrain')
    return MODELS.build(dict(model, type='ProbeClassifier', **arguments))


def test_pooled_probe_learns_from_pretraining(digits, tmp_path, pretrained):
    """All digits: far above chance and an untrained network; the backbone does not change."""
    runner, metrics = run(digits, tmp_path / 'trained', POOLED, str(pretrained), images=None)
    _, untrained = run(digits, tmp_path / 'random', POOLED, 'random', images=None)
    assert metrics['accuracy/top1'] > 5 * CHANCE
    assert metrics['accuracy/top1'] > untrained['accuracy/top1'] + 20
    assert_equal_states(runner.model.backbone.state_dict(), backbone_weights(pretrained))


def test_layer_probe_learns_from_pretraining(digits, tmp_path, pretrained):
    runner, metrics = run(digits, tmp_path / 'trained', LAYERS, str(pretrained), images=None)
    _, untrained = run(digits, tmp_path / 'random', LAYERS, 'random', images=None)
    assert set(metrics) == {
        f'{layer}/top{k}'
        for layer in ('feature1', 'feature2', 'feature3', 'feature4', 'best')
        for k in (1, 5)
    }
    assert all(metrics[f'feature{number}/top1'] > 5 * CHANCE for number in range(1, 5))
    assert metrics['best/top1'] > 9 * CHANCE
    # the last layer gains most from pretraining
    assert metrics['feature4/top1'] > untrained['feature4/top1'] + 10
    assert_equal_states(runner.model.backbone.state_dict(), backbone_weights(pretrained))


def test_without_a_head_ranks_can_wrap_it():
    """DDP refuses a model without trainable weights, which kNN over ranks would pass to it."""
    headless = {name: part for name, part in POOLED.items() if name not in ('neck', 'head')}
    assert all(weight.requires_grad for weight in build(headless).parameters())
    assert not any(weight.requires_grad for weight in build(POOLED).backbone.parameters())


def test_fine_tuning_changes_the_backbone_and_its_statistics(digits, tmp_path, pretrained):
    model = dict(POOLED, frozen=False)
    runner, _ = run(digits, tmp_path, model, str(pretrained))
    before, after = backbone_weights(pretrained), runner.model.backbone.state_dict()
    for name in ('conv1.weight', 'bn1.weight', 'bn1.running_mean', 'layer4.1.bn2.running_var'):
        assert not torch.equal(before[name], after[name]), name


def test_frozen_backbone_is_no_part_of_the_training():
    model = build(POOLED, checkpoint='random').train()
    assert model.training and model.head.training and not model.backbone.training
    assert {name for name, each in model.named_parameters() if each.requires_grad} == {
        'head.fc.weight',
        'head.fc.bias',
    }
    model = build(POOLED, checkpoint='random', frozen=False).train()
    assert model.backbone.training and all(each.requires_grad for each in model.parameters())


def test_trained_probe_is_tested_and_resumed_without_the_pretraining(digits, tmp_path, pretrained):
    _, metrics = run(digits, tmp_path, POOLED, str(pretrained))
    cfg = probe_config(digits, tmp_path / 'test', POOLED)
    cfg.load_from = str(tmp_path / 'epoch_3.pth')
    assert Runner.from_cfg(cfg).test() == metrics


def resumed(digits, work_dir, model, checkpoint):
    """Resume the training in a work dir for an epoch."""
    cfg = probe_config(digits, work_dir, model, str(checkpoint))
    cfg.train_cfg.max_epochs = 4
    cfg.update(resume=True, load_from=str(work_dir / 'epoch_3.pth'))
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_resuming_on_another_backbone_is_refused(digits, tmp_path, pretrained):
    content = torch.load(pretrained, weights_only=True)
    content['state_dict']['backbone.layer1.0.conv1.weight'] += 1e-3
    other = tmp_path / 'other.pth'
    torch.save(content, other)
    run(digits, tmp_path, POOLED, str(pretrained))
    message = (
        r'the checkpoint to resume holds a probe of another backbone than model\.checkpoint='
        r'.*other\.pth: 1 of 120 weights differ, the first is backbone\.layer1\.0\.conv1\.weight; '
        r'choose another --work-dir'
    )
    with pytest.raises(ValueError, match=message):
        resumed(digits, tmp_path, POOLED, other)
    runner = resumed(digits, tmp_path, POOLED, pretrained)
    assert runner.epoch == 4
    assert_equal_states(runner.model.backbone.state_dict(), backbone_weights(pretrained))


def test_fine_tuning_resumes_with_its_own_backbone(digits, tmp_path, pretrained):
    model = dict(POOLED, frozen=False)
    run(digits, tmp_path, model, str(pretrained))
    assert resumed(digits, tmp_path, model, pretrained).epoch == 4


def test_an_untrained_probe_resumes_with_its_own_backbone(digits, tmp_path):
    runner, _ = run(digits, tmp_path, POOLED, 'random')
    before = {name: each.clone() for name, each in runner.model.backbone.state_dict().items()}
    after = resumed(digits, tmp_path, POOLED, 'random').model.backbone.state_dict()
    assert_equal_states(before, after)


def test_training_without_a_checkpoint_is_refused(digits, tmp_path):
    message = r'model\.checkpoint must name the checkpoint .*--cfg-options model\.checkpoint=PATH'
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(probe_config(digits, tmp_path, POOLED)).train()


def test_testing_without_a_checkpoint_is_refused(digits, tmp_path):
    with pytest.raises(RuntimeError, match='the backbone has no weights yet: load a checkpoint'):
        Runner.from_cfg(probe_config(digits, tmp_path, POOLED)).test()


def test_testing_the_pretraining_as_a_probe_is_refused(digits, tmp_path, pretrained):
    cfg = probe_config(digits, tmp_path, POOLED)
    cfg.load_from = str(pretrained)
    message = (
        r'2 of 122 weights would stay unfilled \(2 missing: head\.fc\.weight, head\.fc\.bias\)'
    )
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(cfg).test()


def test_training_on_another_network_is_refused(digits, tmp_path, pretrained):
    model = dict(POOLED, backbone=dict(POOLED['backbone'], depth=34))
    with pytest.raises(ValueError, match='does not fit the backbone ResNet_CIFAR: 80 missing'):
        Runner.from_cfg(probe_config(digits, tmp_path, model, str(pretrained))).train()


@pytest.mark.parametrize('prefix', ['backbone.', ''], ids=['with backbone.', 'without'])
def test_features_alone_take_a_pretrained_checkpoint(prefix, digits, tmp_path, pretrained):
    """As in the kNN configs, with either prefix of the keys."""
    weights = backbone_weights(pretrained)
    path = tmp_path / 'checkpoint.pth'
    torch.save(dict(state_dict={f'{prefix}{name}': each for name, each in weights.items()}), path)
    cfg = probe_config(digits, tmp_path, POOLED)
    cfg.model.head = None
    cfg.load_from = str(path)
    runner = Runner.from_cfg(cfg)
    runner.load_or_resume()
    assert_equal_states(runner.model.backbone.state_dict(), weights)


def test_embedding_is_the_pretrained_networks(pretrained):
    """With NPID's neck, a probe without a head embeds as NPID does; the bank is ignored."""
    state = torch.load(pretrained, weights_only=True)['state_dict']
    probe = build(dict(backbone=POOLED['backbone'], neck=NECK))
    probe.load_state_dict(state, strict=False)
    npid = npid_config(dict(type='ExactSoftmaxHead')) | dict(backbone=POOLED['backbone'])
    npid = MODELS.build(npid)
    npid.load_state_dict(state)
    images = torch.randn(3, 3, 16, 16)
    torch.testing.assert_close(probe.eval().embed(images), npid.eval().embed(images))
    del state['neck.fc.weight']
    with pytest.raises(ValueError, match=r'1 missing: neck\.fc\.weight\)'):
        probe.load_state_dict(state, strict=False)


def test_any_preprocessor_may_be_used():
    """MMPretrain's by default; others, which have no batch_augments, built or as a config."""
    assert type(build(POOLED).data_preprocessor).__name__ == 'ClsDataPreprocessor'
    batch = dict(type='AugmentingDataPreprocessor', mean=[0.0], std=[1.0], augments=[])
    for preprocessor in (PREPROCESSOR, batch):
        for each in (preprocessor, MODELS.build(preprocessor)):
            model = build(POOLED, data_preprocessor=each)
            assert type(model.data_preprocessor).__name__ == preprocessor['type']
