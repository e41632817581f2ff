"""Load a pretrained backbone completely into a detector or segmentor, or refuse to start."""

from collections.abc import Iterator, Mapping

from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor, nn

from npid_mm.checkpoints import backbone_weights, fit_report, neck_weights
from npid_mm.checkpoints.network import NECK
from npid_mm.models.necks import RegionLayers
from npid_mm.models.probe_classifier import UNTRAINED

SHARED = 'roi_head.shared_head.'  # of C4 and of Fast R-CNN


@HOOKS.register_module()
class PretrainedBackboneHook(Hook):
    """Load the backbone of the checkpoint that ``pretrained`` of the config names.

    Upstream's ``init_cfg=dict(type='Pretrained')`` loads the weights that fit and ignores the rest,
    so a missing prefix or another stem silently trains from random weights. Here every weight of
    the backbone must come from the checkpoint, and every weight of the checkpoint's backbone must
    be used. C4 models have the last stage in ``roi_head.shared_head``, where it is filled; other
    layers of that head, e.g. a norm, keep their initial weights. A head of
    :class:`~npid_mm.models.RegionLayers` is filled from the neck of the checkpoint.

    ``pretrained='random'`` requests an untrained backbone. A resumed run is not changed. A run that
    starts from the weights of a whole model (``load_from``) is not changed either, but they must
    fill the backbone. A test needs every weight of the model.
    """

    def __init__(self) -> None:
        self._misfit = ''
        self._test_misfit = ''

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Find the weights that the checkpoint of a whole model does not fill."""
        model = get_ori_model(runner.model)
        backbone = {
            f'{prefix}{name}': value
            for prefix, state in backbone_states(model).items()
            for name, value in state.items()
        }
        loaded = {
            name.removeprefix('module.'): value
            for name, value in checkpoint.get('state_dict', checkpoint).items()
            if isinstance(value, Tensor)
        }
        self._misfit = _missing(backbone, loaded)
        self._test_misfit = _missing(model.state_dict(), loaded)

    def before_test(self, runner: Runner) -> None:
        """Check that the checkpoint filled the model.

        Raises:
            ValueError: If a weight of the model is missing in the checkpoint, or has another shape.
        """
        if self._test_misfit and runner.iter == 0:  # not trained since
            raise ValueError(
                f'the checkpoint does not fill the {type(get_ori_model(runner.model)).__name__}: '
                f'{self._test_misfit}: give the checkpoint that the training of this config wrote'
            )

    def before_train(self, runner: Runner) -> None:
        """Load the backbone, after the Runner has initialized the weights or resumed a run.

        Raises:
            ValueError: If ``pretrained`` is missing, or combined with ``load_from``, or the
                checkpoint of one of them does not fit.
            FileNotFoundError: If the checkpoint does not exist.
        """
        if runner.iter > 0:  # resumed, with the weights of the whole model
            return
        checkpoint, whole = runner.cfg.get('pretrained'), runner.cfg.get('load_from')
        if whole and checkpoint:
            raise ValueError(
                f'pretrained={checkpoint} would replace the backbone of load_from={whole}: give '
                'one of them, load_from to start from a whole model'
            )
        if whole and self._misfit:
            raise ValueError(
                f'load_from={whole} would leave the backbone of the '
                f'{type(get_ori_model(runner.model)).__name__} untrained: {self._misfit}: '
                'load_from takes the checkpoint of such a whole model; give that of a pretraining '
                f'as --cfg-options pretrained={whole}'
            )
        if whole:
            return
        if checkpoint is None:
            raise ValueError(
                'pretrained must name the checkpoint whose backbone the training starts from: add '
                f"--cfg-options pretrained=PATH ('{UNTRAINED}' in place of a path for an "
                'untrained one)'
            )
        if checkpoint != UNTRAINED:
            fill_backbone(get_ori_model(runner.model), checkpoint)
        runner.logger.info(f'backbone: {checkpoint}')


def fill_backbone(model: BaseModel, checkpoint: str) -> None:
    """Load a checkpoint's backbone into a detector or segmentor, completely or not at all.

    Args:
        model (BaseModel): Model with a ``backbone``, and in ``roi_head.shared_head`` for C4 the
            last stage, for Fast R-CNN the layers of the neck.
        checkpoint (str): See :func:`npid_mm.checkpoints.backbone_weights`.

    Raises:
        ValueError: If the checkpoint has no backbone or another one.
        FileNotFoundError: If the checkpoint does not exist.
    """
    own = {
        f'{source}{name}': value
        for source, state in _sources(model)
        for name, value in state.items()
    }
    weights = backbone_weights(checkpoint)
    if isinstance(_shared_head(model), RegionLayers):
        neck = {f'{NECK}{name}': value for name, value in neck_weights(checkpoint).items()}
        weights |= {name: value for name, value in neck.items() if name in own}
    report = fit_report(own, weights)
    if report:
        raise ValueError(
            f'{checkpoint} does not fit the backbone of the {type(model).__name__}: {report}: '
            'make model.backbone (and the shared head of C4 and of Fast R-CNN) the network of the '
            'checkpoint, or give the checkpoint of this one'
        )
    for name, tensor in own.items():
        if name in weights:  # batch norm counters may be missing
            tensor.copy_(weights[name])  # tensors of a state dict share memory with the model


def backbone_states(model: BaseModel) -> dict[str, dict[str, Tensor]]:
    """Return {prefix: state dict} of the modules that hold layers of the pretraining.

    In the shared head of C4 these are the residual stages, without the layers after them.
    """
    states = {'backbone.': model.backbone.state_dict()}
    head = _shared_head(model)
    if isinstance(head, RegionLayers):
        states[SHARED] = head.state_dict()
    elif head is not None:
        stages = {
            name: each for name, each in head.state_dict().items() if name.startswith('layer')
        }
        states[SHARED] = stages
    return states


def _sources(model: BaseModel) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield the states of :func:`backbone_states`, with their prefix in a pretraining."""
    in_neck = isinstance(_shared_head(model), RegionLayers)
    for prefix, state in backbone_states(model).items():
        yield NECK if in_neck and prefix == SHARED else '', state


def _shared_head(model: BaseModel) -> nn.Module | None:
    return model.roi_head.shared_head if getattr(model, 'with_shared_head', False) else None


def _missing(needed: Mapping[str, Tensor], loaded: Mapping[str, Tensor]) -> str:
    """Report the needed weights that are not loaded; other loaded weights do not matter."""
    return fit_report(needed, {name: value for name, value in loaded.items() if name in needed})
