"""A classifier on a pretrained backbone, which cannot be trained on random weights by accident."""

import torch
from mmengine.logging import print_log
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from npid_mm.checkpoints import complete_state, load_backbone

UNTRAINED = 'random'
HINT = '--cfg-options model.checkpoint=PATH'
ADVICE = (
    'to test a probe, give the checkpoint that its training wrote; to train one, use '
    f'tools/train.py with {HINT}'
)


@MODELS.register_module()
class ProbeClassifier(ImageClassifier):
    """Linear probe, fine-tuning, or features alone (without a head).

    The backbone is loaded from ``checkpoint`` when training starts, completely or not at all. A
    checkpoint that is loaded later (``tools/test.py``, ``--resume``) must hold every weight of
    the model, apart from keys that belong to nothing here, such as a memory bank's. A training
    that is resumed must have the frozen backbone of ``checkpoint``; one that was fine-tuned, or
    begun untrained, tells nothing of where it began.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict, optional): Config of the neck.
        head (dict, optional): Config of the head.
        checkpoint (str, optional): File or address of the pretrained backbone, see
            :func:`npid_mm.checkpoints.backbone_weights`; 'random' asks for an untrained one.
        frozen (bool): Leave the backbone as it is while a head is trained: no gradients, and
            evaluation mode throughout, so that the statistics of its norms stay put.
        data_preprocessor (dict | nn.Module, optional): Data preprocessor, MMPretrain's
            ClsDataPreprocessor by default.
        init_cfg (dict, optional): Config of the initialisation.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict | None = None,
        head: dict | None = None,
        checkpoint: str | None = None,
        frozen: bool = True,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ):
        if isinstance(data_preprocessor, dict):
            # built here, as ImageClassifier would add an argument that only its own one takes
            data_preprocessor = MODELS.build({'type': 'ClsDataPreprocessor', **data_preprocessor})
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.checkpoint = checkpoint
        self.frozen = frozen
        # without a head nothing is trained, and DDP wants a parameter that could be
        if frozen and head is not None:
            self.backbone.requires_grad_(False)
        self._has_weights = False
        self._keeps_loaded = False  # the backbone is the checkpoint's, and stays so
        self.backbone.register_forward_pre_hook(self._refuse_without_weights)
        self._register_load_state_dict_pre_hook(self._check_state)

    def init_weights(self) -> None:
        """Initialise the head and load the backbone; the Runner calls it before training only.

        Raises:
            ValueError: There is no ``checkpoint``, or it does not fit the backbone.
            FileNotFoundError: There is no such file.
        """
        if self.checkpoint is None:
            raise ValueError(
                'model.checkpoint must name the checkpoint of the pretrained backbone: add '
                f"{HINT} ('{UNTRAINED}' in place of a path for an untrained one)"
            )
        super().init_weights()
        if self.checkpoint != UNTRAINED:
            load_backbone(self.backbone, self.checkpoint)
            self._keeps_loaded = self.frozen
        print_log(f'backbone: {self.checkpoint}', logger='current')
        self._has_weights = True

    def train(self, mode: bool = True) -> 'ProbeClassifier':
        """Set the mode, which a frozen backbone does not follow."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def embed(self, inputs: Tensor) -> Tensor:
        """Unit rows (B, D) of what the neck gives for images (B, 3, H, W)."""
        return F.normalize(self.extract_feat(inputs)[-1].flatten(1).float())

    def _check_state(self, state_dict: dict, prefix: str, *_) -> None:
        """Before a state dict is loaded: find its backbone, and refuse an incomplete one."""
        given = {
            name.removeprefix(prefix): value
            for name, value in state_dict.items()
            if name.startswith(prefix)
        }
        own = self.state_dict()
        filled, _ = complete_state(own, given, ADVICE)
        if self._keeps_loaded:
            backbone = {n: value for n, value in filled.items() if n.startswith('backbone.')}
            self._refuse_another_backbone(own, backbone)
        state_dict.update({f'{prefix}{name}': value for name, value in filled.items()})
        self._has_weights = True

    def _refuse_another_backbone(self, own: dict, given: dict) -> None:
        """Raise a ValueError if a weight of the frozen backbone would change."""
        differing = [
            name for name in given if not torch.equal(given[name].to(own[name]), own[name])
        ]
        if differing:
            raise ValueError(
                'the checkpoint to resume holds a probe of another backbone than '
                f'model.checkpoint={self.checkpoint}: {len(differing)} of {len(given)} weights '
                f'differ, the first is {differing[0]}; choose another --work-dir for this '
                'backbone, or name the one that the probe was begun with'
            )

    def _refuse_without_weights(self, *_) -> None:
        """Before the backbone's forward."""
        if not self._has_weights:
            raise RuntimeError(
                'the backbone has no weights yet: load a checkpoint (tools/test.py CONFIG '
                f'CHECKPOINT), or train with {HINT}'
            )
