"""Classifier on a pretrained backbone, never on random weights by accident."""

from typing import Any

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
    f'npid train with {HINT}'
)


@MODELS.register_module()
class ProbeClassifier(ImageClassifier):
    """Linear probe, fine-tuning, or features alone (without a head).

    The backbone is loaded from ``checkpoint`` when training starts, completely or not at all. A
    checkpoint that is loaded later (``tools/test.py``, ``--resume``) must hold every weight of
    the model; other keys, such as a memory bank's, are ignored. A resumed training must have the
    frozen backbone of ``checkpoint``. A fine-tuned or untrained backbone does not record its
    initial weights and is not compared.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict, optional): Config of the neck.
        head (dict, optional): Config of the head.
        checkpoint (str, optional): File or URL of the pretrained backbone, see
            :func:`npid_mm.checkpoints.backbone_weights`; 'random' for an untrained one.
        frozen (bool): Train the head only: the backbone gets no gradients and stays in evaluation
            mode, so that the statistics of its norms do not change.
        data_preprocessor (dict | nn.Module, optional): Data preprocessor, MMPretrain's
            ClsDataPreprocessor by default.
        init_cfg (dict, optional): Config of the initialization.

    Example:
        >>> backbone = dict(type='LibraryBackbone', library='torchvision', name='resnet18')
        >>> head = dict(type='LinearClsHead', num_classes=10, in_channels=512)
        >>> probe = ProbeClassifier(backbone, head=head, checkpoint='random')
        >>> probe.init_weights()
        >>> probe.eval()(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
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
            # ImageClassifier would add an argument that only ClsDataPreprocessor takes
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
        # without a head nothing is trained, but DDP requires a trainable parameter
        if frozen and head is not None:
            self.backbone.requires_grad_(False)
        self._has_weights = False
        self._keeps_loaded = False  # the backbone is the checkpoint's, and stays so
        self.backbone.register_forward_pre_hook(self._refuse_without_weights)
        self._register_load_state_dict_pre_hook(self._check_state)

    def init_weights(self) -> None:
        """Initialize the head and load the backbone; the Runner calls it before training only.

        Raises:
            ValueError: If ``checkpoint`` is None or does not fit the backbone.
            FileNotFoundError: If the file does not exist.
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
        """Set the mode of all parts except a frozen backbone."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def embed(self, inputs: Tensor) -> Tensor:
        """Return the L2-normalized output of the neck (B, D) for images (B, 3, H, W)."""
        return F.normalize(self.extract_feat(inputs)[-1].flatten(1).float())

    def _check_state(self, state_dict: dict, prefix: str, *_: Any) -> None:
        """Find the backbone in a state dict that is about to be loaded, or refuse it."""
        given = {
            name.removeprefix(prefix): value
            for name, value in state_dict.items()
            if name.startswith(prefix)
        }
        own = self.state_dict()
        filled = complete_state(own, given, ADVICE)[0]
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
                'backbone, or give the one that the training started with'
            )

    def _refuse_without_weights(self, *_: Any) -> None:
        if not self._has_weights:
            raise RuntimeError(
                'the backbone has no weights yet: load a checkpoint (npid test CONFIG '
                f'CHECKPOINT), or train with {HINT}'
            )
