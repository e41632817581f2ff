"""Set initial weights, frozen stages and layer-wise learning rates of a training on images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.checkpoints import initial_weights
from npid_mm.config.networks.library_weights import PRETRAINED, library_weights
from npid_mm.models.stages import freeze_stages, parameter_stages
from npid_mm.utils.paths import printable_path

REPORT = 'weights.txt'


def set_start(
    cfg: Config, backbone: nn.Module, model: str, named: Mapping[str, Any], resume: bool
) -> str | None:
    """Set weights, frozen stages and learning rates, and check that they fit the network.

    Args:
        cfg (Config): The config; changed in place.
        backbone (nn.Module): Its backbone, with any weights.
        model (str): Name of the network.
        named (Mapping[str, Any]): Options of :func:`npid_mm.pretrain`: ``weights``, ``freeze``,
            ``layer_decay`` and ``stop_if_worse``.
        resume (bool): Whether the run resumes from a checkpoint, which has the weights.

    Returns:
        str, optional: A line for each key of the file of weights.

    Raises:
        FileNotFoundError: If the file of weights does not exist.
        ValueError: If it does not fill the network, or the backbone has no stages.
    """
    if named.get('freeze') is not None:
        freeze_stages(backbone, named['freeze'])  # raises a ValueError without these stages
        cfg.model.frozen_stages = named['freeze']
    if named.get('layer_decay') is not None:
        parameter_stages(backbone)  # raises a ValueError without stages
        cfg.optim_wrapper.constructor = 'LearningRateDecayOptimWrapperConstructor'
        cfg.optim_wrapper.paramwise_cfg = dict(layer_decay_rate=named['layer_decay'])
    stop = bool(named.get('stop_if_worse'))
    if stop or cfg.model.memory_bank.get('init') == 'features':
        labels = cfg.train_dataloader.dataset.dataset.with_label
        gate = dict(type='FeatureGateHook', labels=labels, stop=stop)
        cfg.custom_hooks = [*cfg.get('custom_hooks', ()), gate]
    weights = named.get('weights')
    if weights is None or resume:
        return None
    weights = str(weights)
    path = library_weights(model) if weights == PRETRAINED else weights
    if '://' not in path:
        path = str(Path(path).expanduser().resolve())
    parts = {'backbone': backbone, 'neck': MODELS.build(cfg.model.neck)}
    own = {
        f'{part}.{name}': value
        for part, module in parts.items()
        for name, value in module.state_dict().items()
    }
    found = initial_weights(own, path)
    cfg.model.weights = path
    print(f'{len(found.state)} of {len(own)} weights from {printable_path(path)}, see {REPORT}')
    return '\n'.join([path, *found.lines]) + '\n'
