"""Load a network from a config and a checkpoint, and identify it by its weights."""

import copy
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.model import BaseModel, BaseModule
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from npid_mm.checkpoints.network import checkpoint_content, network_state
from npid_mm.config.preprocessor import preprocessor_config
from npid_mm.utils.hashing import weights_digest
from npid_mm.utils.input_files import existing_checkpoint

from .features import check_level

PARTS = ('backbone.', 'neck.')
SLACK = 4  # times the checkpoint's size; a smaller misfit is reported by the names of the weights
COUNTER = 'num_batches_tracked'  # a buffer of batch norms that does not affect the outputs


def load_network(cfg: Config, checkpoint: str, device: str | None = None) -> BaseModel:
    """Build backbone, neck and data preprocessor of a config, with the weights of a checkpoint.

    Bank and head are not built, so the checkpoint of any training of this network will do.

    Args:
        cfg (Config): Config of a pretraining or of a kNN evaluation.
        checkpoint (str): Path or URL.
        device (str, optional): Defaults to the GPU if there is one.

    Returns:
        BaseModel: A ProbeClassifier without head, in evaluation mode; its config is ``_config``.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If the config is not one of those, the checkpoint does not fill the network, or
            the device does not exist.
    """
    check_config(cfg)
    existing_checkpoint(str(checkpoint))
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    state = network_state(checkpoint_content(checkpoint))
    with limit_size(state):
        model = _build(cfg)
    try:
        model.load_state_dict(state, strict=False)
    except ValueError as error:
        raise ValueError(f'{checkpoint} is not of the network of the config: {error}') from error
    return _place(model, cfg, device)


def untrained_network(cfg: Config, seed: int, device: str | None = None) -> BaseModel:
    """Build the network of :func:`load_network` with random weights.

    No file is read: an initialization from weights in the config is left out.

    Args:
        cfg (Config): Config of a pretraining or of a kNN evaluation.
        seed (int): Seed of the weights.
        device (str, optional): Defaults to the GPU if there is one.

    Raises:
        ValueError: If the config is not one of those, or the device does not exist.
    """
    check_config(cfg)
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    cfg = copy.deepcopy(cfg)
    for part in filter(None, (cfg.model.backbone, cfg.model.get('neck'))):
        part.pop('init_cfg', None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _build(cfg)
        for part in filter(None, (model.backbone, model.neck)):
            _initialize(part)
    model.load_state_dict(model.state_dict())  # it refuses to run before it has weights
    return _place(model, cfg, device)


def _initialize(module: BaseModule) -> None:
    """Initialize weights without a line per weight in the log."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        module.init_weights()
    finally:
        logging.disable(before)


def _build(cfg: Config) -> BaseModel:
    """Build the parts of a network that embed an image."""
    return MODELS.build(
        dict(
            type='ProbeClassifier',
            backbone=cfg.model.backbone,
            neck=cfg.model.get('neck') if index_feature(cfg) == 'embedding' else None,
            data_preprocessor=preprocessor_config(cfg),
        )
    )


def _place(model: BaseModel, cfg: Config, device: str | None) -> BaseModel:
    """Move a network to a device, in evaluation mode."""
    model._config = cfg  # MMPretrain's inferencers read it there
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        return model.to(device).eval()
    except (AssertionError, RuntimeError) as error:  # torch without CUDA raises the first
        raise ValueError(
            f'device must be one that torch can use here, such as cpu, got {device}: '
            f'{str(error).splitlines()[0]}'
        ) from error


def check_config(cfg: Config) -> None:
    """Check that a config describes how an image is embedded.

    Raises:
        ValueError: If it is not the config of a pretraining or of a kNN evaluation.
    """
    ours = cfg.get('default_scope', 'mmpretrain') == 'mmpretrain'
    if not (ours and (cfg.get('model') or {}).get('backbone') and cfg.get('test_dataloader')):
        raise ValueError(
            'the config must be of a pretraining or of a kNN evaluation, with model.backbone and '
            f'test_dataloader, got one of {cfg.get("default_scope")} with {sorted(cfg.keys())}'
        )


@contextmanager
def limit_size(state: Mapping[str, object]) -> Iterator[None]:
    """Abort building a network that is far larger than the checkpoint that must fill it.

    Args:
        state (Mapping[str, object]): The network's weights in the checkpoint.

    Raises:
        ValueError: If it has many times the tensors, or the parameters, of the checkpoint.
    """
    sizes = [value.numel() for value in state.values() if isinstance(value, Tensor)]
    left = [SLACK * len(sizes) + 1000, SLACK * sum(sizes) + 1_000_000]  # tensors, parameters

    def count(module: nn.Module, name: str, parameter: nn.Parameter) -> None:
        left[0] -= 1
        left[1] -= parameter.numel()
        if min(left) < 0:
            raise ValueError(
                'the network of the config is many times as large as that of the checkpoint'
            )

    # called before a parameter is initialized, which allocates its memory
    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def index_feature(cfg: Config) -> str:
    """Return the feature level of an index: that of the config's kNN test, or the embedding."""
    return check_level((cfg.get('test_cfg') or {}).get('feature', 'embedding'))


def network_hash(model: BaseModel) -> str:
    """Compute the SHA-256 of the weights of backbone and neck, in hexadecimal."""
    state = {
        name: value
        for name, value in model.state_dict().items()
        if name.startswith(PARTS) and not name.endswith(COUNTER)
    }
    return weights_digest(state)


def describe_network(model: BaseModel) -> dict:
    """Return what an index stores about the network of its rows, see ``feature_index.SHARED``."""
    cfg = model._config
    preprocessing = {
        'pipeline': cfg.test_dataloader.dataset.pipeline,
        'data_preprocessor': preprocessor_config(cfg),
    }
    return {
        'network': network_hash(model),
        'feature': index_feature(cfg),
        # as JSON returns it: lists, not tuples
        'preprocessing': json.loads(json.dumps(preprocessing)),
    }
