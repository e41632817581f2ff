"""Small network, pretrained on the digits, and probes of it."""

from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from tests.toy import digits_config, npid_config

PREPROCESSOR = dict(type='SelfSupDataPreprocessor', mean=[78.0] * 3, std=[96.0] * 3)
# maps of 16, 8, 4 and 2 pixels per side; batch norms, whose statistics must not change
BACKBONE = dict(
    type='ResNet_CIFAR', depth=18, stem_channels=8, base_channels=8, out_indices=(0, 1, 2, 3)
)
POOLED = dict(
    backbone=dict(BACKBONE, out_indices=(3,)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=64),
)
LAYERS = dict(
    backbone=BACKBONE,
    neck=dict(type='LayerPooling', pools=[(4, 4, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0)]),
    head=dict(
        type='LayerLinearHead',
        num_classes=10,
        channels=(8, 16, 32, 64),
        in_channels=(128, 256, 128, 64),
        norm='BN1d',
    ),
)


def pretrain(digits: Path, work_dir: Path, epochs: int = 4) -> Path:
    """Train NPID on all digits, two seconds per epoch, and return the checkpoint."""
    cfg = digits_config(digits, work_dir, epochs=epochs)
    npid = npid_config(dict(type='ExactSoftmaxHead', temperature=0.2), init='features')
    cfg.model = npid | dict(backbone=POOLED['backbone'], data_preprocessor=PREPROCESSOR)
    cfg.train_dataloader.batch_size = 32
    cfg.train_dataloader.dataset.dataset.indices = None
    cfg.train_cfg.val_interval = epochs + 1
    cfg.optim_wrapper.optimizer.lr = 2e-3
    Runner.from_cfg(cfg).train()
    return work_dir / f'epoch_{epochs}.pth'


def probe_config(
    digits: Path, work_dir: Path, model: dict, checkpoint=None, images: int | None = 64
) -> Config:
    """Config of a probe on ``images`` digits, or all of them, read as in a test."""
    cfg = digits_config(digits, work_dir, epochs=3)
    cfg.model = dict(
        model, type='ProbeClassifier', checkpoint=checkpoint, data_preprocessor=PREPROCESSOR
    )
    cfg.default_hooks.pop('memory_bank')
    cfg.train_dataloader.batch_size = 32
    cfg.train_dataloader.dataset.dataset.indices = images
    cfg.train_dataloader.dataset.dataset.pipeline = cfg.test_dataloader.dataset.pipeline
    layers = model['head']['type'] == 'LayerLinearHead'
    lr = 0.01 if layers else 1.0  # as in the protocols, after a norm or not
    cfg.optim_wrapper = dict(optimizer=dict(type='SGD', lr=lr, momentum=0.9))
    cfg.param_scheduler = None
    cfg.train_cfg.val_interval = 3
    cfg.val_cfg = cfg.test_cfg = dict()
    cfg.val_evaluator = dict(type='LayerAccuracy' if layers else 'Accuracy', topk=(1, 5))
    cfg.test_evaluator = cfg.val_evaluator
    return cfg
