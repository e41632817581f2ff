"""A small detector, and as much of a Runner as PretrainedBackboneHook reads."""

from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import nn

from tests.probes import POOLED


class SharedHead(nn.Module):
    """The last stage, and a norm after it."""

    def __init__(self, layer4):
        super().__init__()
        self.layer4 = layer4
        self.norm = nn.BatchNorm2d(64)


class Detector(BaseModel):
    """A model like those of MMDetection: a backbone, and for C4 the last stage in its head."""

    def __init__(self, backbone, c4):
        super().__init__()
        self.backbone = MODELS.build(backbone)
        self.with_shared_head = c4
        self.roi_head = nn.Module()
        if c4:
            self.roi_head.shared_head = SharedHead(self.backbone.layer4)
            del self.backbone.layer4

    def forward(self, inputs, data_samples=None, mode='loss'):
        raise NotImplementedError


class Run:
    """The attributes of a Runner that the hook reads."""

    class logger:  # noqa: N801
        info = staticmethod(lambda text: None)

    def __init__(self, pretrained, c4=False):
        init_default_scope('mmpretrain')
        self.cfg = Config(dict(pretrained=pretrained))
        self.model = Detector(POOLED['backbone'], c4)
        self.iter = 0
