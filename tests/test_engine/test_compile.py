"""The compiled backbone in real runs: the same figures, the same checkpoints, on ranks too.

The runs use backends that trace the backbone and generate no code, which would take minutes: they
test that nothing around it stands in the way.
"""

import shutil

import pytest
import torch
from mmpretrain.registry import MODELS
from torch._dynamo.utils import counters

from npid_mm.engine.launch import build_runner, set_resume
from tests.test_distributed.ranks import run_ranks
from tests.test_engine.option_runs import scalars, short_config, train
from tests.toy import NECK, samples

pytestmark = pytest.mark.slow

COMPILED = 'model.compile_backbone.backend=eager'


@pytest.fixture(autouse=True)
def traced():
    """Forget the graphs of other tests; 'ok' counts those of this one."""
    torch._dynamo.reset()
    counters.clear()
    return counters['frames']


def bank_from_features(*arguments, **keywords):
    """A run with batch norm and a bank that starts from features."""
    cfg = short_config(*arguments, 'model.memory_bank.init=features', **keywords)
    cfg.model.backbone.norm_cfg = dict(type='BN')
    return cfg


def test_a_compiled_run_equals_an_ordinary_one(digits, tmp_path, traced):
    """Bank from features, steps and kNN: with and without gradients, in train and eval mode."""
    plain = train(bank_from_features(digits, tmp_path / 'plain'))
    assert traced['ok'] == 0
    compiled = train(bank_from_features(digits, tmp_path / 'compiled', COMPILED))
    assert traced['ok'] >= 3 and not counters['graph_break']
    for name in ('train/loss', 'val/knn/top1_k5'):
        assert scalars(compiled, name) == pytest.approx(scalars(plain, name), rel=1e-5)
    torch.testing.assert_close(
        compiled.model.state_dict(), plain.model.state_dict(), rtol=1e-4, atol=1e-5
    )


def test_checkpoints_are_those_of_an_ordinary_run(digits, tmp_path, traced):
    """An ordinary run resumes compiled and in channels_last; weights and optimizer fit."""
    train(short_config(digits, tmp_path / 'plain', epochs=2))
    options = [COMPILED, 'model.channels_last=True']
    cfg = short_config(digits, tmp_path / 'compiled', *options, epochs=2)
    set_resume(cfg, str(tmp_path / 'plain/epoch_1.pth'))
    train(cfg)
    assert traced['ok']
    plain, compiled = (
        torch.load(tmp_path / name / 'epoch_2.pth', weights_only=True)
        for name in ('plain', 'compiled')
    )
    assert compiled['state_dict'].keys() == plain['state_dict'].keys()
    for part in ('state_dict', 'optimizer'):
        torch.testing.assert_close(compiled[part], plain[part], rtol=1e-3, atol=1e-4)


def on_two_ranks(rank, digits, work_dir):
    cfg = short_config(
        digits,
        work_dir,
        'model.channels_last=True',
        'model.compile_backbone.backend=aot_eager',
        'train_dataloader.batch_size=8',
    )
    cfg.launcher = 'pytorch'
    runner = build_runner(cfg)
    runner.train()
    return runner.model.module.state_dict(), counters['frames']['ok']


def test_compiled_ranks_equal_one_process(digits, tmp_path):
    """Under DistributedDataParallel, and with channels_last."""
    one = train(short_config(digits, tmp_path / 'one')).model.state_dict()
    for state, traced in run_ranks(on_two_ranks, 2, digits, tmp_path / 'two'):
        assert traced
        torch.testing.assert_close(state, one, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(shutil.which('g++') is None, reason='PyTorch generates C++ on the CPU')
def test_generated_code_gives_the_gradient_of_the_ordinary_one(traced):
    """``compile_backbone=True`` on a backbone small enough to compile in a test."""
    x = torch.randn(4, 1, 32, 32)
    loss, gradients = [], []
    for compiled in (False, True):
        torch.manual_seed(0)
        model = MODELS.build(
            dict(
                type='NPID',
                backbone=dict(type='LeNet5'),
                neck={**NECK, 'in_channels': 120},
                head=dict(type='ExactSoftmaxHead', temperature=0.2),
                memory_bank=dict(type='MemoryBank', length=4),
                compile_backbone=compiled,
            )
        )
        loss.append(model.loss(x, samples(range(4)))['loss'])
        loss[-1].backward()
        gradients.append([weight.grad for weight in model.parameters()])
    assert traced['ok'] == 1
    torch.testing.assert_close(loss[1], loss[0])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-6)
