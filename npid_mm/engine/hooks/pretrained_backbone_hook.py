"""Start a detector or a segmentor from a pretrained backbone, or not at all."""

from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor, nn

from npid_mm.checkpoints import backbone_weights, fit_report
from npid_mm.models.probe_classifier import UNTRAINED


@HOOKS.register_module()
class PretrainedBackboneHook(Hook):
    """Load the backbone of the checkpoint that the config's top-level ``pretrained`` names.

    Upstream's ``init_cfg=dict(type='NPIDState')`` loads what fits and passes over the rest, so a
    missing prefix or another stem trains from noise unnoticed. Here every weight of the backbone
    comes from the checkpoint and every weight of the checkpoint's backbone is used. The C4 layout
    has the last stage in ``roi_head.shared_head``, and it is filled there; what a head has beside
    it, an extra norm, say, starts afresh.

    ``pretrained='random'`` asks for an untrained backbone. A run that is resumed is left alone, and
    so is one that starts from the weights of a whole model (``load_from``), if they are there: what
    MMEngine loads may be a backbone under other names, and then fills nothing. A test needs every
    weight of the model.
    """

    def __init__(self):
        self._misfit = ''
        self._test_misfit = ''

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """See which weights a checkpoint of a whole model leaves unfilled."""
        model = get_ori_model(runner.model)
        own = {
            f'{prefix}{name}': value
            for prefix, state in backbone_states(model).items()
            for name, value in state.items()
        }
        state = checkpoint.get('state_dict', checkpoint)
        names = {name.removeprefix('module.'): value for name, value in state.items()}
        given = {k: v for k, v in names.items() if isinstance(v, Tensor)}
        self._misfit = fit_report(own, {k: v for k, v in given.items() if k in own})
        whole = model.state_dict()
        self._test_misfit = fit_report(whole, {k: v for k, v in given.items() if k in whole})

    def before_test(self, runner) -> None:
        """Refuse to measure a model that the checkpoint did not fill.

        Raises:
            ValueError: A weight of the model is missing in the checkpoint, or of another shape.
        """
        if self._test_misfit and runner.iter == 0:  # not trained since
            raise ValueError(
                f'the checkpoint does not fill the {type(get_ori_model(runner.model)).__name__}: '
                f'{self._test_misfit}: give the checkpoint that the training of this config wrote'
            )

    def before_train(self, runner) -> None:
        """Load, after the Runner has initialised the weights or resumed a run.

        Raises:
            ValueError: ``pretrained`` is missing, or given beside ``load_from``, or the checkpoint
                of one of them does not fit.
            FileNotFoundError: There is no such file.
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


def fill_backbone(model: nn.Module, checkpoint: str) -> None:
    """Load a checkpoint's backbone into a detector or segmentor, completely or not at all.

    Args:
        model (nn.Module): Model with a ``backbone``, and for C4 a ``roi_head.shared_head`` with
            the stage that the backbone lacks.
        checkpoint (str): See :func:`npid_mm.checkpoints.backbone_weights`.

    Raises:
        ValueError: The checkpoint holds no backbone, or another one.
        FileNotFoundError: There is no such file.
    """
    weights = backbone_weights(checkpoint)
    own = {k: v for state in backbone_states(model).values() for k, v in state.items()}
    report = fit_report(own, weights)
    if report:
        raise ValueError(
            f'{checkpoint} does not fit the backbone of the {type(model).__name__}: {report}: '
            'make model.backbone (and the shared head of C4) the network of the checkpoint, or '
            'give the checkpoint of this one'
        )
    for name, tensor in own.items():
        if name in weights:  # a counter of a norm may be missing
            tensor.copy_(weights[name])  # a state dict shares the model's memory


def backbone_states(model: nn.Module) -> dict[str, dict[str, Tensor]]:
    """Prefix -> weights by the backbone's names, of each place that has some of the backbone.

    Of a shared head these are the residual stages, without what comes after them.
    """
    states = {'backbone.': model.backbone.state_dict()}
    if getattr(model, 'with_shared_head', False):
        head = model.roi_head.shared_head.state_dict()
        stages = {name: tensor for name, tensor in head.items() if name.startswith('layer')}
        states['roi_head.shared_head.'] = stages
    return states
