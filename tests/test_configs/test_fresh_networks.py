"""Initial weights of every recipe, against those of the code that it follows.

MMSelfSup, the authors' code and VISSL sample convolutions from N(0, 2 / (k k C_out)), start every
norm at weight 1 and bias 0, and leave linear layers to torch. The expected numbers are written
down here; none is taken from the config under test.
"""

import math
import re
from functools import cache
from pathlib import Path

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from tests.shipped import shipped_config
from tests.toy import ROOT

CONFIGS = sorted((ROOT / 'configs/selfsup/npid').glob('*.py'))
# configs that can train on an untrained backbone; the others only test a checkpoint
PROBES = sorted((ROOT / 'configs/benchmarks/classification').glob('[!_]*/resnet50*.py'))
OUR_OWN = ('digits', 'folder')  # recipes that follow no published one: blocks start as the identity
SIGMAS = 6  # of an estimate from the numbers of the tensor
NUMBERS = 10**6  # of a tensor that are enough for an estimate


@cache
def same_backbones() -> dict[str, Path]:
    """Return {backbone of a config: the first config that has it}."""
    first = {}
    for path in CONFIGS + PROBES:
        first.setdefault(str(shipped_config(path).model.backbone), path)
    return first


def fresh(path) -> nn.Module:
    """Build the network of a config with its initial weights.

    A ResNet-50 that another config has too becomes a ResNet-18, which is faster.
    """
    model = shipped_config(path).model
    if model.backbone.get('depth') == 50 and same_backbones()[str(model.backbone)] != path:
        model.backbone.depth = 18
        if 'neck' in model and 'in_channels' in model.neck:
            model.neck.in_channels = 512
    if model.type == 'ProbeClassifier':
        model.update(checkpoint='random', neck=None, head=None)
    model = MODELS.build(model)
    model.init_weights()
    return model


def expected(path, model: nn.Module) -> dict[str, tuple[float, float]]:
    """Return mean and deviation of every floating-point parameter and buffer."""
    moments = {}
    for at, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            fan_in, fan_out = (
                math.prod(module.kernel_size) * channels
                for channels in (module.in_channels, module.out_channels)
            )
            by_torch = 'alexnet' in path.stem  # none of the three has an AlexNet
            deviation = 1 / math.sqrt(3 * fan_in) if by_torch else math.sqrt(2 / fan_out)
            moments[f'{at}.weight'] = (0, deviation)
            moments[f'{at}.bias'] = (0, deviation if by_torch else 0)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            last = re.search(r'layer\d\.\d+\.bn2$', at) and path.stem.endswith(OUR_OWN)
            moments |= {f'{at}.weight': (0 if last else 1, 0), f'{at}.bias': (0, 0)}
            moments |= {f'{at}.running_mean': (0, 0), f'{at}.running_var': (1, 0)}
        elif isinstance(module, nn.Linear) and not at.startswith('head.'):
            deviation = 1 / math.sqrt(3 * module.in_features)
            moments |= {f'{at}.weight': (0, deviation), f'{at}.bias': (0, deviation)}
    dim = model.memory_bank.feat_dim if hasattr(model, 'memory_bank') else 1
    moments['memory_bank.feature_bank'] = moments['head.weight'] = (0, 1 / math.sqrt(dim))
    moments['head.z'] = (0, 0)
    return moments


def assert_moments(name: str, value: torch.Tensor, mean: float, deviation: float) -> None:
    """The mean and the deviation of a tensor are within the error of so many draws."""
    if not deviation:
        assert (value == mean).all(), name
        return
    value = value.flatten()[:NUMBERS].double()
    count = value.numel()
    assert abs(value.mean() - mean) <= SIGMAS * deviation / math.sqrt(count), name
    assert abs(value.std() / deviation - 1) <= SIGMAS / math.sqrt(2 * count), name


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_initial_weights_are_those_of_the_followed_code(path):
    model = fresh(path)
    model.memory_bank.set_length(model.memory_bank.length or 1000)
    moments = expected(path, model)
    state = {n: value for n, value in model.state_dict().items() if value.is_floating_point()}
    assert len(state) > 10
    for name, value in state.items():
        assert_moments(name, value, *moments[name])


@pytest.mark.parametrize('path', PROBES, ids=lambda path: path.stem)
def test_untrained_backbones_of_probes_have_them_too(path):
    """The baseline ``model.checkpoint=random``."""
    model = fresh(path)
    moments = expected(path, model)
    for name, value in model.backbone.state_dict(prefix='backbone.').items():
        if value.is_floating_point():
            assert_moments(name, value, *moments[name])
