"""NPID, non-parametric instance discrimination."""

from typing import Any

import torch
from mmengine.logging import print_log
from mmpretrain.models.selfsup import BaseSelfSupervisor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from npid_mm.checkpoints import complete_state, initial_weights
from npid_mm.checkpoints.convert.npid_state import BANK

from .feat_dim import check_neck_width, with_feat_dim
from .stages import freeze_stages, parameter_stages

ADVICE = (
    'make model.backbone and model.neck those of the checkpoint, or give a checkpoint of this '
    'network; tools/model_converters/ converts those of other code (convert.py) and extracts a '
    'backbone to start with another neck or bank (extract_backbone.py)'
)
OPTIONAL = ('neck', 'head', 'memory_bank')  # parts that a checkpoint may lack, but not in part
EXAMPLES = dict(
    backbone="dict(type='ResNet', depth=50)",
    neck="dict(type='LinearNeck', in_channels=2048, out_channels=128)",
    head="dict(type='ExactSoftmaxHead')",
    memory_bank="dict(type='MemoryBank')",
)


@MODELS.register_module()
class NPID(BaseSelfSupervisor):
    """NPID: learn to tell every image from every other (https://arxiv.org/abs/1805.01978).

    Backbone and neck embed an image on the unit sphere, the head compares the embedding with
    the rows of the memory bank, and the image's own row follows the embedding.

    A checkpoint is loaded completely or refused. It must hold every weight of the backbone, under
    the names of any code base that :func:`npid_mm.checkpoints.backbone_weights` reads. Neck, head
    and memory bank may each be absent, but not in part: a training (``load_from``) initializes
    them, and a kNN test refuses to run without the one that it reads. ``absent_parts`` lists those
    that the last checkpoint lacked. Other keys, such as another model's classifier, are ignored.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the neck; its last output is (B, D).
        head (dict): Config of an :class:`InstanceHead`.
        memory_bank (dict): Config of the :class:`MemoryBank`. Its ``feat_dim``, and that of a head
            that has one, is the neck's ``out_channels`` by default.
        pretrained (str, optional): Checkpoint of a whole NPID with initial weights.
        weights (str, optional): Checkpoint with initial weights of the backbone, of any code base,
            and of the neck if it has them; see :func:`npid_mm.checkpoints.initial_weights`.
        frozen_stages (int, optional): Keep the stem and this number of stages of the backbone as
            they are, see :func:`npid_mm.models.stages.parameter_stages`.
        data_preprocessor (dict, optional): Config of the data preprocessor.
        init_cfg (dict, optional): Config of the initialization.
        channels_last (bool): Keep weights and images of the backbone in torch.channels_last.
        compile_backbone (bool | dict): Run the backbone through ``torch.compile``; a dict gives
            its arguments. The names of the weights do not change.

    Raises:
        ValueError: If a part is missing, a ``feat_dim`` differs from the neck's ``out_channels``,
            or, at the first batch, the neck's ``in_channels`` from the width of the backbone.
        TypeError: If ``compile_backbone`` is neither a bool nor a dict.

    Example:
        >>> backbone = dict(type='ResNet', depth=18, out_indices=(3,))
        >>> neck = dict(type='LinearNeck', in_channels=512, out_channels=128, gap_dim=2)
        >>> head = dict(type='ExactSoftmaxHead', temperature=0.2)
        >>> model = NPID(backbone, neck, head, memory_bank=dict(type='MemoryBank', length=1000))
        >>> model.eval().embed(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 128])
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        memory_bank: dict,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
        channels_last: bool = False,
        compile_backbone: bool | dict = False,
        weights: str | None = None,
        frozen_stages: int | None = None,
    ):
        if not isinstance(compile_backbone, (bool, dict)):
            raise TypeError(f'compile_backbone must be a bool or a dict, got {compile_backbone!r}')
        parts = dict(backbone=backbone, neck=neck, head=head, memory_bank=memory_bank)
        for name, part in parts.items():
            if part is None:
                raise ValueError(
                    f'model.{name} must be a config, such as {EXAMPLES[name]}, got None'
                )
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=with_feat_dim('head', head, neck),
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.memory_bank = MODELS.build(with_feat_dim('memory_bank', memory_bank, neck))
        check_neck_width(self.neck, self.backbone)
        self.absent_parts: tuple[str, ...] = ()
        self.weights = weights
        self._frozen: list[nn.Module] = []
        if frozen_stages is not None:
            self._frozen = freeze_stages(self.backbone, frozen_stages)
        self.channels_last = channels_last
        if channels_last:
            self.backbone.to(memory_format=torch.channels_last)
            # a hook, because probes and kNN call the backbone directly
            self.backbone.register_forward_pre_hook(images_channels_last)
        if compile_backbone is not False:
            # in place: a wrapper would add a prefix to the names of the weights
            self.backbone.compile(**({} if compile_backbone is True else compile_backbone))

    def init_weights(self) -> None:
        """Initialize all weights; a seed gives the same ones in either memory format."""
        if self.channels_last:
            # random numbers fill a tensor in memory order
            self.backbone.to(memory_format=torch.contiguous_format)
        super().init_weights()
        if self.weights is not None:
            own = self.state_dict()  # its tensors share memory with the model
            found = initial_weights(own, self.weights)
            for name, value in found.state.items():
                own[name].copy_(value)
            print_log(f'{len(found.state)} weights of {self.weights}', logger='current')
        if self.channels_last:
            self.backbone.to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> 'NPID':
        """Set the mode of all parts except frozen stages, whose statistics do not change."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def get_layer_depth(self, param_name: str) -> tuple[int, int]:
        """Return depth of a parameter and number of depths, for layer-wise learning rates."""
        stages, count = parameter_stages(self.backbone)
        depth = stages.get(param_name.removeprefix('backbone.'), count + 1)
        return depth, count + 2

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Check that a checkpoint is complete, see the class, before the parts load it."""
        given = {
            name.removeprefix(prefix): value
            for name, value in state_dict.items()
            if name.startswith(prefix)
        }
        own = self.state_dict()
        bank = given.get(BANK, given.get(f'module.{BANK}'))
        if bank is not None:  # the bank checks its own shape
            own[BANK] = bank
        filled, absent = complete_state(own, given, ADVICE, optional=OPTIONAL)
        if absent:
            print_log(f'not in the checkpoint: {", ".join(absent)}', logger='current')
        self.absent_parts = tuple(absent)
        state_dict.update({f'{prefix}{name}': value for name, value in filled.items()})
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def forward(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor'
    ) -> tuple[Tensor, ...] | dict[str, Tensor] | list[DataSample]:
        """Forward (B, 3, H, W) images: 'tensor', 'loss' or 'predict'.

        Returns:
            tuple | dict | list[DataSample]: The backbone's outputs for 'tensor', the losses for
            'loss', the data samples with a field ``embedding`` (D,) for 'predict'.
        """
        if mode != 'predict' or data_samples is None:
            return super().forward(inputs, data_samples, mode)
        for sample, embedding in zip(data_samples, self.embed(inputs), strict=True):
            sample.set_field(embedding, 'embedding')
        return data_samples

    def embed(self, inputs: Tensor) -> Tensor:
        """Embed images: (B, 3, H, W) -> (B, D), L2-normalized, float32 also under AMP."""
        feature = self.neck(self.extract_feat(inputs))[-1]
        if feature.dtype != torch.float64:
            feature = feature.float()
        return F.normalize(feature)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compare the embeddings with the bank, then move the bank's rows towards them.

        Args:
            inputs (Tensor): Images (B, 3, H, W).
            data_samples (list[DataSample]): B data samples, with their ``sample_idx``.

        Returns:
            dict[str, Tensor]: Losses of the head.
        """
        index = instance_index(data_samples)
        # on the CPU, where the check costs no wait for the device
        self.memory_bank.check_index(index)
        feature = self.embed(inputs)
        index = index.to(feature.device, non_blocking=True)
        losses = self.head.loss(feature, index, self.memory_bank)
        self.memory_bank.update(feature.detach(), index)
        return losses


def instance_index(data_samples: list[DataSample]) -> Tensor:
    """Return the instance indexes (B,) of a batch, on the CPU.

    Raises:
        KeyError: If a sample has no ``sample_idx``.
    """
    missing = [sample for sample in data_samples if 'sample_idx' not in sample]
    if missing:
        raise KeyError(
            'NPID needs the sample_idx of each image, but a data sample has only '
            f"{sorted(missing[0].all_keys())}: keep 'sample_idx' in PackInputs.meta_keys, or "
            'wrap the dataset in InstanceDataset'
        )
    return torch.tensor([int(sample.sample_idx) for sample in data_samples])


def images_channels_last(backbone: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Forward pre-hook that converts the images (B, 3, H, W) to channels_last."""
    return args[0].contiguous(memory_format=torch.channels_last), *args[1:]
