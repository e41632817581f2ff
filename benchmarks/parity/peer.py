"""MMSelfSup's side of the comparison: runs where mmselfsup 1.0.0 is, started by compare.py."""

from pathlib import Path

import mmselfsup
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmselfsup.structures import SelfSupDataSample
from mmselfsup.utils import register_all_modules
from side import INSTANCES, NEGATIVES, VIEW, main

PACKAGES = ['mmselfsup', 'mmcls', 'mmcv-lite', 'mmengine', 'torch', 'numpy']
CONFIG = '.mim/configs/selfsup/npid/npid_resnet50_8xb32-steplr-200e_in1k.py'


def collate(views, index):
    """The one view of each image comes in a list, and an index as a tensor of its own."""
    samples = []
    for value in index:
        sample = SelfSupDataSample()
        sample.sample_idx = InstanceData(value=value[None])
        samples.append(sample)
    return dict(inputs=[views], data_samples=samples)


def tap(model, through):
    """Let the numbers of the alias table go through a function."""
    table = model.memory_bank.multinomial
    draw = table.draw
    table.draw = lambda count: through(draw(count))


if __name__ == '__main__':
    register_all_modules(init_default_scope=False)
    cfg = Config.fromfile(Path(mmselfsup.__file__).parent / CONFIG)
    # by its name MMEngine looks for the loop in mmselfsup.engine.runner, which does not exist
    cfg.train_cfg = dict(by_epoch=True)
    cfg.model.neg_num = NEGATIVES
    cfg.model.memory_bank.length = INSTANCES
    cfg.train_dataloader.dataset.pipeline[1].size = VIEW
    main(cfg, collate, tap, PACKAGES)
