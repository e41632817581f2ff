"""All functions of the package that read a checkpoint, as the tools call them."""

import shutil
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmpretrain.registry import MODELS

from npid_mm.analysis.bank_order import bank_order_of_config
from npid_mm.analysis.held_out_search import load_bank
from npid_mm.checkpoints import load_backbone, load_tensors
from npid_mm.checkpoints.convert.convert import convert, extract_backbone
from npid_mm.checkpoints.convert.importers import SOURCES, read_pretrained
from npid_mm.checkpoints.limits import measure
from npid_mm.checkpoints.publish import publish
from npid_mm.checkpoints.reorder_bank import reorder_bank
from npid_mm.engine.hooks.pretrained_backbone_hook import fill_backbone
from npid_mm.engine.inference import load_network
from npid_mm.engine.launch import build_runner, set_resume
from tests.toy import digits_config


def small_config(digits, work_dir):
    """The toy network with a quarter of its weights, so that many files are small."""
    cfg = digits_config(digits, work_dir)
    cfg.model.backbone.update(stem_channels=4, base_channels=4)
    cfg.model.neck.in_channels = 32
    cfg.train_cfg.val_interval = 9
    lines = (digits / 'train.txt').read_text().splitlines()[:64]
    short = Path(work_dir).with_suffix('.txt')
    short.write_text('\n'.join(lines))
    cfg.train_dataloader.dataset.dataset.ann_file = str(short)
    cfg.test_cfg.reference.dataset.ann_file = str(short)
    cfg.default_hooks.checkpoint.update(save_best='knn/top1_k5', rule='greater')
    return cfg


class EntryPoints:
    """Functions that take a path and a folder for what they write, and return what they read.

    Args:
        digits (Path): The images.
        folder (Path): Work dir of the runs.
    """

    NAMES = (
        'read', 'shapes', 'load_from', 'resume', 'resume_newest', 'probe', 'detector', 'network',
        'extract', 'convert', 'publish', 'reorder', 'bank_order', 'bank',
    )  # fmt: skip

    def __init__(self, digits, folder):
        self.cfg = small_config(digits, folder / 'work')
        self.runner = build_runner(self.cfg)
        self.runner.train_loop  # noqa: B018 builds it
        self.runner.optim_wrapper = self.runner.build_optim_wrapper(self.runner.optim_wrapper)
        schedulers = self.runner.build_param_scheduler(self.runner.param_schedulers)
        self.runner.param_schedulers = schedulers
        self.saving = next(each for each in self.runner.hooks if isinstance(each, CheckpointHook))
        self.model = MODELS.build(self.cfg.model)
        self.order = folder / 'order.txt'
        self.order.write_text(''.join(f'{i}.png\n' for i in range(64)))

    def read(self, path, out):
        return load_tensors(path)

    def shapes(self, path, out):
        return load_tensors(path, values=False)

    def load_from(self, path, out):
        self.runner._resume = False
        self.runner.load_checkpoint(str(path))

    def resume(self, path, out):
        """And save, which removes what the checkpoint lists."""
        cfg = Config(dict(work_dir=str(out)))
        set_resume(cfg, str(path))
        runner = self.runner
        runner._resume, runner._load_from, runner._has_loaded = True, cfg.load_from, False
        runner.message_hub.runtime_info.clear()
        runner._work_dir, self.saving.out_dir = str(out), None
        runner.load_or_resume()
        self.saving.before_train(runner)
        self.saving._save_checkpoint(runner)

    def resume_newest(self, path, out):
        shutil.copy(path, out / 'epoch_1.pth')
        set_resume(Config(dict(work_dir=str(out))), 'auto')

    def probe(self, path, out):
        load_backbone(self.model.backbone, path)

    def detector(self, path, out):
        fill_backbone(self.model, str(path))

    def network(self, path, out):
        return load_network(self.cfg, str(path), 'cpu').state_dict()

    def extract(self, path, out):
        return extract_backbone(path, out / 'backbone.pth')

    def convert(self, path, out):
        for source in SOURCES:
            try:
                return convert(read_pretrained(path, source), 'npid_mm', out / 'out.pth')
            except ValueError as error:
                other = error
                if 'looks like one of' not in str(error):
                    break
        raise other

    def publish(self, path, out):
        return publish(path, out / 'npid')

    def reorder(self, path, out):
        return reorder_bank(path, out / 'out.pth', self.order, self.order)

    def bank_order(self, path, out):
        return bank_order_of_config(self.cfg, path, 64)

    def bank(self, path, out):
        return load_bank(self.cfg, str(path))[0]


def values_of(result) -> bytes:
    """Return the bytes of all tensors, texts and numbers in a result."""
    found = []
    measure(result, {}, lambda value: found.append(_bytes(value)), into_objects=True)
    return b''.join(found)


def _bytes(value) -> bytes:
    if isinstance(value, torch.Tensor) and not value.is_meta:
        return value.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
    if type(value) is int and 0 <= value < 2**63:
        return value.to_bytes(8, 'little')
    return value.encode('utf-8', 'surrogatepass') if isinstance(value, str) else b''
