"""The network of an index: what a config and a checkpoint say of it, and how it is recognised."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn.modules.module import register_module_parameter_registration_hook

from npid_mm.checkpoints.network import checkpoint_content, network_state
from npid_mm.config.preprocessor import preprocessor_config
from npid_mm.utils.files import existing_checkpoint
from npid_mm.utils.hashing import weights_digest

from .features import check_level

PARTS = ('backbone.', 'neck.')
SLACK = 4  # a config that does not fit is told by its weights, unless it is far larger
COUNTER = 'num_batches_tracked'  # of batch norms; the outputs do not depend on it


def load_network(cfg: Config, checkpoint: str, device: str | None = None) -> BaseModel:
    """Build backbone, neck and data preprocessor of a config, with the weights of a checkpoint.

    Neither bank nor head is built, so the checkpoint may be of any training of this network.

    Args:
        cfg (Config): Config of a pretraining or of a kNN evaluation.
        checkpoint (str): File or address.
        device (str, optional): Defaults to the GPU if there is one.

    Returns:
        BaseModel: A ProbeClassifier without head, in evaluation mode; its config is ``_config``.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        ValueError: The config is of another kind, the checkpoint lacks a weight or has another
            shape, or there is no such device.
    """
    check_config(cfg)
    existing_checkpoint(str(checkpoint))
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    state = network_state(checkpoint_content(checkpoint))
    with limit_size(state):
        model = MODELS.build(
            dict(
                type='ProbeClassifier',
                backbone=cfg.model.backbone,
                neck=cfg.model.get('neck') if index_feature(cfg) == 'embedding' else None,
                data_preprocessor=preprocessor_config(cfg),
            )
        )
    try:
        model.load_state_dict(state, strict=False)
    except ValueError as error:
        raise ValueError(f'{checkpoint} is not of the network of the config: {error}') from error
    model._config = cfg  # where MMPretrain's inferencers look for it
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        return model.to(device).eval()
    except (AssertionError, RuntimeError) as error:  # torch without CUDA raises the first
        raise ValueError(
            f'device must be one that torch can use here, such as cpu, got {device}: '
            f'{str(error).splitlines()[0]}'
        ) from error


def check_config(cfg: Config) -> None:
    """Refuse a config that does not describe how an image is embedded.

    Raises:
        ValueError: It is not of a pretraining or of a kNN evaluation.
    """
    ours = cfg.get('default_scope', 'mmpretrain') == 'mmpretrain'
    if not (ours and (cfg.get('model') or {}).get('backbone') and cfg.get('test_dataloader')):
        raise ValueError(
            'the config must be of a pretraining or of a kNN evaluation, with model.backbone and '
            f'test_dataloader, got one of {cfg.get("default_scope")} with {sorted(cfg.keys())}'
        )


@contextmanager
def limit_size(state: dict[str, Tensor]) -> Iterator[None]:
    """Stop building a network that is far larger than the checkpoint that must fill it.

    Args:
        state (dict[str, Tensor]): The network's weights in the checkpoint.

    Raises:
        ValueError: It has many times the weights, or the parameters, of the checkpoint.
    """
    tensors = [value for value in state.values() if isinstance(value, Tensor)]
    room = [
        SLACK * len(tensors) + 1000,
        SLACK * sum(tensor.numel() for tensor in tensors) + 1_000_000,
    ]

    def count(module, name, parameter):
        room[0] -= 1
        room[1] -= parameter.numel()
        if min(room) < 0:
            raise ValueError(
                'the network of the config is many times as large as that of the checkpoint'
            )

    # called before a parameter is initialized, which is when its memory is taken
    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def index_feature(cfg: Config) -> str:
    """Which feature an index of this config holds: that of its kNN test, or the embedding."""
    return check_level((cfg.get('test_cfg') or {}).get('feature', 'embedding'))


def network_hash(model: BaseModel) -> str:
    """What tells one set of weights from any other: a sha256 in hexadecimal.

    Equal for all files that hold these weights, with or without optimizer, bank or head.
    """
    state = model.state_dict()
    return weights_digest(
        {
            name: value
            for name, value in state.items()
            if name.startswith(PARTS) and not name.endswith(COUNTER)
        }
    )


def describe_network(model: BaseModel) -> dict:
    """What an index notes of the network that made its rows, see ``feature_index.SAME``."""
    cfg = model._config
    preprocessing = {
        'pipeline': cfg.test_dataloader.dataset.pipeline,
        'data_preprocessor': preprocessor_config(cfg),
    }
    return {
        'network': network_hash(model),
        'feature': index_feature(cfg),
        # as JSON gives it back
        'preprocessing': json.loads(json.dumps(preprocessing)),
    }
