"""Write checkpoints in the layouts of other code bases, with the weights of any network."""

import sys
import types
import warnings
from collections import OrderedDict
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torchvision import models

OLD_MOMENTUM = 0.3  # weight of the old row
TEMPERATURE, NEGATIVES = 0.07, 4096
Z = 2863311.75  # needs all bits of a float32


def resnet_parts(layers: int = 4, dim: int = 16, rows: int = 40) -> dict[str, Tensor]:
    """Random weights of NPID's parts under this package's names.

    Args:
        layers (int): Layers of the ResNet-18: 1 if nothing asks for a complete backbone, whose 45
            MB take time to write and read.
        dim (int): Outputs of the projection.
        rows (int): Rows of the bank.
    """
    with torch.device('meta'):
        network = models.resnet18(num_classes=dim)
    parts = {}
    for name, value in network.state_dict().items():
        if name.startswith('layer') and int(name[len('layer')]) > layers:
            continue
        here = name.replace('fc.', 'neck.fc.') if name.startswith('fc.') else f'backbone.{name}'
        parts[here] = torch.rand(value.shape).to(value.dtype)
    bank = nn.functional.normalize(torch.randn(rows, dim))
    return parts | {'memory_bank.feature_bank': bank}


def renamed(parts: dict[str, Tensor], **prefixes: str) -> OrderedDict:
    """Rename the prefixes ``backbone`` and ``neck``."""
    named = OrderedDict()
    for old, new in (('backbone.', prefixes['backbone']), ('neck.fc.', prefixes['projection'])):
        for name, value in parts.items():
            if name.startswith(old):
                named[new + name.removeprefix(old)] = value
    return named


def mmselfsup1(parts: dict[str, Tensor]) -> dict:
    """As MMEngine saved it after 200 epochs."""
    rows = len(parts['memory_bank.feature_bank'])
    multinomial = {
        'memory_bank.multinomial.prob': torch.ones(rows),
        'memory_bank.multinomial.alias': torch.zeros(rows, dtype=torch.long),
    }
    return dict(
        meta=dict(epoch=200, cfg='model = dict()'),
        state_dict=OrderedDict(parts | multinomial),
        message_hub=dict(log_scalars=OrderedDict(), runtime_info=OrderedDict(iter=7)),
        optimizer=dict(state={0: dict(momentum_buffer=torch.ones(3))}, param_groups=[dict(lr=0.1)]),
    )


def mmselfsup0(parts: dict[str, Tensor]) -> dict:
    """As MMCV saved it, without the bank, which was not a buffer."""
    state = renamed(parts, backbone='backbone.', projection='neck.fc.')
    return dict(meta=dict(epoch=200, mmselfsup_version='0.7.0'), state_dict=state)


def pycontrast(parts: dict[str, Tensor]) -> dict:
    """InsDis: the model in DistributedDataParallel, the bank in a dict of its own."""
    return dict(
        model=renamed(parts, backbone='module.encoder.', projection='module.head.0.'),
        contrast=OrderedDict(memory=parts['memory_bank.feature_bank']),
        optimizer=dict(state={}, param_groups=[dict(lr=0.03)]),
        epoch=200,
    )


def vissl(parts: dict[str, Tensor], z: float = Z) -> dict:
    """A Classy Vision task: trunk and heads apart, the bank in the loss."""
    names = renamed(parts, backbone='_feature_blocks.', projection='0.clf.0.')
    loss = OrderedDict(
        {
            'nce_average.params': settings(z),
            'nce_average.memory': parts['memory_bank.feature_bank'],
            'nce_average.multinomial.prob': torch.ones(3),
        }
    )
    return dict(
        phase_idx=199,
        classy_state_dict=dict(
            train=True,
            base_model=dict(
                model=dict(
                    trunk={k: v for k, v in names.items() if k.startswith('_')},
                    heads={k: v for k, v in names.items() if not k.startswith('_')},
                )
            ),
            loss=loss,
        ),
    )


def settings(z: float = Z) -> Tensor:
    """Settings of the authors' NCE: K, T, Z, and the weight of the old row."""
    return torch.tensor([NEGATIVES, TEMPERATURE, z, OLD_MOMENTUM])


class NCEAverage(nn.Module):
    """The attributes of the authors' class, without its work."""

    def __init__(self, bank: Tensor, params: Tensor):
        super().__init__()
        self.nLem = len(bank)
        self.unigrams = torch.ones(len(bank))
        self.multinomial = AliasMethod(len(bank))
        self.K = NEGATIVES
        self.register_buffer('params', params)
        self.register_buffer('memory', bank)


class AliasMethod:
    """A plain object with tensors."""

    def __init__(self, rows: int):
        self.prob, self.alias = torch.ones(rows), torch.zeros(rows, dtype=torch.long)


def lemniscate(parts: dict[str, Tensor], params: Tensor | None = None, counters=True) -> dict:
    """The authors' checkpoint of ImageNet, the bank within a pickled object.

    Save it inside :func:`authors_modules`.

    Args:
        parts (dict[str, Tensor]): See :func:`resnet_parts`.
        params (Tensor, optional): What its loss keeps, default :func:`settings`.
        counters (bool): Whether norms count their batches, as they did not before torch 0.4.
    """
    state = renamed(parts, backbone='module.', projection='module.fc.')
    if not counters:
        state = OrderedDict((k, v) for k, v in state.items() if 'num_batches' not in k)
    params = settings() if params is None else params
    return dict(
        epoch=200,
        arch='resnet18',
        state_dict=state,
        lemniscate=NCEAverage(parts['memory_bank.feature_bank'], params),
        best_prec1=torch.tensor(41.0),
        optimizer=dict(state={}, param_groups=[dict(lr=0.03)]),
    )


def cifar_names(parts: dict[str, Tensor]) -> dict[str, Tensor]:
    """The authors' CIFAR-10 network: other names for shortcuts and for the projection."""
    state = renamed(parts, backbone='', projection='linear.')
    return {name.replace('.downsample.', '.shortcut.'): value for name, value in state.items()}


@contextmanager
def authors_modules():
    """Provide the authors' modules while a checkpoint is written."""
    homes = {'lib.NCEAverage': NCEAverage, 'lib.alias_multinomial': AliasMethod}
    before = {kind: kind.__module__ for kind in homes.values()}
    for home, kind in homes.items():
        module = sys.modules[home] = types.ModuleType(home)
        kind.__module__ = home
        setattr(module, kind.__name__, kind)
    sys.modules['lib'] = types.ModuleType('lib')
    try:
        yield
    finally:
        for home, kind in homes.items():
            kind.__module__ = before[kind]
            del sys.modules[home]
        del sys.modules['lib']


def write(content, path, zipped: bool = True):
    """Save a checkpoint in today's format or that before torch 1.6; return ``path``."""
    with authors_modules(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # about the source of a class
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


WRITERS = dict(
    mmselfsup1=mmselfsup1,
    mmselfsup0=mmselfsup0,
    lemniscate=lemniscate,
    vissl=vissl,
    pycontrast=pycontrast,
)
