"""A run that is resumed on a folder that grew by 20 % and lost 10 % of its images."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from npid_mm.checkpoints.convert.npid_state import BANK, IMAGES
from npid_mm.datasets.image_names import unpack_names
from npid_mm.engine.bank import fill_from_features
from tests.toy import digits_config

COUNT = 60


class BankAtTheStart(Hook):
    """Keeps the rows before the first step, and features of all images."""

    priority = 'LOW'

    def before_train(self, runner):
        bank = runner.model.memory_bank
        self.rows = bank.feature_bank.clone()
        fill_from_features(runner.model, bank, runner.train_dataloader, torch.arange(bank.length))
        self.features, bank.feature_bank = bank.feature_bank, self.rows.clone()
        self.place = runner.iter, runner.epoch


def run(digits, work_dir, lines, epochs, checkpoint=None):
    cfg = digits_config(digits, work_dir, epochs=epochs)
    work_dir.mkdir(exist_ok=True)
    (work_dir / 'list.txt').write_text('\n'.join(lines))
    cfg.train_dataloader.dataset.dataset.update(ann_file=str(work_dir / 'list.txt'), indices=None)
    cfg.model.memory_bank.init = 'features'
    cfg.default_hooks.memory_bank.update(knn_interval=0, grow=True)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.update(resume=checkpoint is not None, load_from=checkpoint and str(checkpoint))
    runner = Runner.from_cfg(cfg)
    hook = BankAtTheStart()
    runner.register_hook(hook)
    runner.train()
    return hook


@pytest.mark.slow
def test_every_surviving_row_is_equal_at_its_image(digits, tmp_path):
    lines = (digits / 'train.txt').read_text().splitlines()[::13]
    before, added = lines[:COUNT], lines[COUNT : COUNT + COUNT // 5]
    removed = before[::10]
    run(digits, tmp_path / 'first', before, 1)
    saved = torch.load(tmp_path / 'first/epoch_1.pth', weights_only=True)
    present = sorted({*before, *added} - {*removed}, reverse=True)
    hook = run(digits, tmp_path / 'second', present, 2, tmp_path / 'first/epoch_1.pth')
    assert len(hook.rows) == len(present) == 66
    kept = [line in before for line in present]
    for row, line in zip(hook.rows, present, strict=True):
        if line in before:
            assert torch.equal(row, saved['state_dict'][BANK][before.index(line)])
    new = ~torch.tensor(kept)
    # from another random crop of the same image
    assert (hook.rows[new] * hook.features[new]).sum(1).mean() > 0.8
    assert hook.place == (66 // 16, 1)
    second = torch.load(tmp_path / 'second/epoch_2.pth', weights_only=True)
    names = [line.rpartition(' ')[0].removeprefix('train/') for line in present]
    assert unpack_names(second[IMAGES], 66) == names
    assert second['meta'] | dict(iter=8, epoch=2) == second['meta']
