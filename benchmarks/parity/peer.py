"""MMSelfSup's side of the comparison, started by compare.py in an interpreter with mmselfsup."""

from collections.abc import Callable
from pathlib import Path

import mmselfsup
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmselfsup.structures import SelfSupDataSample
from mmselfsup.utils import register_all_modules
from side import INSTANCES, NEGATIVES, VIEW, main
from torch import Tensor, nn

PACKAGES = ['mmselfsup', 'mmcls', 'mmcv-lite', 'mmengine', 'torch', 'numpy']
CONFIG = '.mim/configs/selfsup/npid/npid_resnet50_8xb32-steplr-200e_in1k.py'


def collate(views: Tensor, index: Tensor) -> dict:
    """Collate a batch as MMSelfSup's loader does: views in a list, and each index as a tensor."""
    samples = []
    for value in index:
        sample = SelfSupDataSample()
        sample.sample_idx = InstanceData(value=value[None])
        samples.append(sample)
    return dict(inputs=[views], data_samples=samples)


def tap(model: nn.Module, through: Callable[[Tensor], Tensor]) -> None:
    """Pass the samples of the alias table through a function."""
    table = model.memory_bank.multinomial
    draw = table.draw
    table.draw = lambda count: through(draw(count))


if __name__ == '__main__':
    register_all_modules(init_default_scope=False)
    cfg = Config.fromfile(Path(mmselfsup.__file__).parent / CONFIG)
    # its name points to mmselfsup.engine.runner, which does not exist
    cfg.train_cfg = dict(by_epoch=True)
    cfg.model.neg_num = NEGATIVES
    cfg.model.memory_bank.length = INSTANCES
    cfg.train_dataloader.dataset.pipeline[1].size = VIEW
    main(cfg, collate, tap, PACKAGES)
