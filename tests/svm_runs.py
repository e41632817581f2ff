"""Small SVM benchmarks, on mosaics of digits and with the network of the probe tests."""

import uuid
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.engine.runners.voc_svm import layer_features
from tests import probes
from tests.shipped import shipped_config
from tests.toy import ROOT

VOC2007 = ROOT / 'configs/benchmarks/classification/voc2007'
COSTS = (1.0, 100.0, 0.5**6)
FULL, LOW_SHOT = 'svm_resnet50', 'low-shot-svm_resnet50'
LAYERS = ['feature1', 'feature2', 'feature3', 'feature4']
# pool each map of an image of 64 x 64 to its mean
POOLS = [(64, 64, 0), (32, 32, 0), (16, 16, 0), (8, 8, 0)]


def svm_config(name: str, voc: Path, work_dir: Path, checkpoint: Path | None, **test_cfg) -> Config:
    """Load the VOC2007 config ``name`` with four small layers, and set options of the loop."""
    cfg = shipped_config(VOC2007 / f'{name}_voc07.py')
    cfg.work_dir = str(work_dir)
    cfg.load_from = None if checkpoint is None else str(checkpoint)
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'WARNING'
    cfg.experiment_name = uuid.uuid4().hex  # MMEngine chooses the logger by this name
    cfg.model.update(backbone=probes.BACKBONE, neck=dict(type='LayerPooling', pools=POOLS))
    cfg.data_preprocessor = probes.PREPROCESSOR
    cfg.test_cfg.update(test_cfg)
    for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
        loader.update(num_workers=0, batch_size=16)
        loader.dataset.data_root = str(voc)
        loader.dataset.pipeline[2].scale = 64
        set_loader_defaults(loader)
    return cfg


def untrained(path: Path, model: dict = probes.POOLED, seed: int = 0) -> Path:
    """Save the checkpoint of an untrained network."""
    init_default_scope('mmpretrain')
    torch.manual_seed(seed)
    network = MODELS.build(dict(model, type='ProbeClassifier', checkpoint='random'))
    network.init_weights()
    torch.save(dict(state_dict=network.state_dict()), path)
    return path


def again(cfg, work_dir=None):
    """Copy a config for another run; MMEngine chooses the logger by the experiment's name."""
    cfg = cfg.copy()
    cfg.experiment_name = uuid.uuid4().hex
    cfg.work_dir = str(work_dir or cfg.work_dir)
    return cfg


def written(cfg, pattern='svm-*/*.json'):
    """Return {name: bytes} of the files that a run wrote."""
    files = sorted(Path(cfg.work_dir).glob(pattern))
    return {f'{path.parent.name}/{path.name}': path.read_bytes() for path in files}


def count_batches(monkeypatch):
    """Return a list to which each extracted batch adds its size."""
    batches, original = [], layer_features.batch_layers

    def counted(model, data_batch):
        batches.append(len(data_batch['inputs']))
        return original(model, data_batch)

    monkeypatch.setattr(layer_features, 'batch_layers', counted)
    return batches
