"""Networks of three libraries: trained, searched by kNN, indexed, exported and probed."""

import shutil

import pytest
import torch
from mmpretrain.registry import MODELS

import npid_mm
from npid_mm.api.run_folder import find_run
from npid_mm.evaluation import linear_probe
from npid_mm.models.probe_classifier import ProbeClassifier
from npid_mm.retrieval.build import build_index

pytestmark = pytest.mark.slow

SMALLER_SWIN = dict(_delete_=True, embed_dims=24, depths=[1, 2, 1, 1], num_heads=[1, 2, 4, 8])
BACKBONES = [
    ('mmpretrain/vit_deit-tiny', {}),  # its class token
    ('mmpretrain/vit_deit-tiny', {'model.backbone.out_type': 'avg_featmap'}),  # mean of its tokens
    ('mmpretrain/convnext_atto', {}),
    ('mmpretrain/mobilenet_v3_small_050', {}),
    ('mmpretrain/efficientnet_b0', {}),
    ('mmpretrain/swin_tiny', {'model.backbone.arch': SMALLER_SWIN}),
    ('timm/test_vit', {'model.backbone.global_pool': 'avg'}),
    ('timm/test_resnet', {}),
    ('timm/test_convnext', {}),
    ('timm/test_efficientnet', {}),
    ('torchvision/mobilenet_v3_small', {}),
    ('torchvision/shufflenet_v2_x0_5', {}),
]
OPTIONS = dict(batch_size=9, workers=0, image_size=32, dim=16)
WEIGHTS_ONLY = {'default_hooks.checkpoint.save_optimizer': False}


@pytest.fixture(scope='module')
def few(digits, tmp_path_factory):
    """Six images of three digits to train on, and two of each held out."""
    folder = tmp_path_factory.mktemp('few')
    for part, chosen in (('train', slice(6)), ('val', slice(6, 8))):
        for name in '012':
            (folder / part / name).mkdir(parents=True)
            for path in sorted((digits / 'train' / name).glob('*.png'))[chosen]:
                shutil.copy(path, folder / part / name)
    return folder


@pytest.mark.parametrize(('model', 'options'), BACKBONES)
def test_a_backbone_trains_embeds_and_is_exported(few, tmp_path, model, options):
    """The index compares the rows of its ``encoder.onnx`` with those of PyTorch."""
    run = npid_mm.pretrain(few, tmp_path / 'run', model, 2, **OPTIONS, **WEIGHTS_ONLY, **options)
    assert 0 <= run.metrics['knn/top1_k10'] <= 100 and run.metrics['loss'] > 0
    cfg, checkpoint = find_run(run)
    index, unreadable = build_index(tmp_path / 'index', cfg, checkpoint, few, num_workers=0)
    assert len(index) == 24 and not unreadable
    assert (tmp_path / 'index/encoder.onnx').is_file()
    paths = [entry.path for entry in index.entries()]
    found = npid_mm.search(tmp_path / 'index', paths[:2], k=1)
    assert [each['neighbors'][0]['label'] is not None for each in found] == [True, True]
    probe(cfg, checkpoint, paths)


def probe(cfg, checkpoint, paths):
    """Fit a linear probe on frozen features, and take a step with a frozen backbone."""
    width = cfg.model.neck.in_channels
    classifier = MODELS.build(
        dict(
            type='ProbeClassifier',
            backbone=cfg.model.backbone,
            neck=dict(type='GlobalAveragePooling') if cfg.model.neck.gap_dim else None,
            head=dict(type='LinearClsHead', num_classes=3, in_channels=width),
            checkpoint=checkpoint,
            data_preprocessor=cfg.model.data_preprocessor,
        )
    )
    assert isinstance(classifier, ProbeClassifier)
    classifier.init_weights()
    encoder = npid_mm.load(checkpoint)
    images = torch.stack([encoder.preprocess(path) for path in paths])
    data = classifier.data_preprocessor(dict(inputs=images, data_samples=None))
    labels = torch.tensor([int(path.split('/')[-2]) for path in paths])
    with torch.no_grad():
        features = classifier.extract_feat(data['inputs'])[-1]
    assert features.shape == (24, width) and features.isfinite().all()
    assert linear_probe(features, labels, features, labels) > 1 / 3
    classifier.train()
    trained = [name for name, each in classifier.named_parameters() if each.requires_grad]
    assert trained == ['head.fc.weight', 'head.fc.bias']
    before = {name: each.clone() for name, each in classifier.backbone.state_dict().items()}
    loss = torch.nn.functional.cross_entropy(
        classifier.head.fc(classifier.extract_feat(data['inputs'])[-1]), labels
    )
    loss.backward()
    torch.optim.SGD(classifier.parameters(), 0.1, weight_decay=0.1).step()
    after = classifier.backbone.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
