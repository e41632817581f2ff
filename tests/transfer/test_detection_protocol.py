"""Resolved detection configs against the published protocols.

Sources: MoCo's detectron2 configs (Base-RCNN-C4-BN, pascal_voc_R_50_C4_24k, coco_R_50_C4_2x),
MMSelfSup 0.x for Mask R-CNN with FPN, and section 4.5 of the paper for VOC2007. Optimizers and
models are built where the effective value matters.
"""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from npid_mm.config.read_config import read_config
from tests.transfer.small_detection import CONFIGS, DETECTION

VOC0712 = 'voc0712/faster-rcnn_r50-c4_ms-24k_voc0712'
VOC07 = 'voc2007/faster-rcnn_r50-c4-frozen_8750-iters_voc07'
FPN_1X, FPN_2X, C4_1X, C4_2X = (
    f'coco/mask-rcnn_r50-{layout}_ms-{schedule}_coco'
    for layout in ('fpn', 'c4')
    for schedule in ('1x', '2x')
)
ALL = (VOC0712, VOC07, FPN_1X, FPN_2X, C4_1X, C4_2X)
TRAINED = (VOC0712, FPN_1X, FPN_2X, C4_1X, C4_2X)
# length, its unit, milestones, steps of warm-up, lr, weight decay
SCHEDULES = {
    VOC0712: (24_000, 'iters', [18_000, 22_000], 100, 0.02, 1e-4),
    VOC07: (8750, 'iters', [6250], 100, 0.008, 5e-4),
    FPN_1X: (12, 'epochs', [8, 11], 1000, 0.02, 1e-4),
    FPN_2X: (24, 'epochs', [16, 22], 1000, 0.02, 1e-4),
    C4_1X: (12, 'epochs', [8, 11], 1000, 0.02, 1e-4),
    C4_2X: (24, 'epochs', [16, 22], 1000, 0.02, 1e-4),
}


def load(name: str) -> Config:
    init_default_scope('mmdet')
    return read_config(DETECTION / f'{name}.py')


def build(cfg: Config) -> nn.Module:
    return MODELS.build(cfg.model)


def batch_norms(model: nn.Module) -> dict[str, nn.Module]:
    """Return every batch norm by its name."""
    kind = nn.modules.batchnorm._BatchNorm
    return {name: module for name, module in model.named_modules() if isinstance(module, kind)}


def pipeline(cfg: Config) -> list[dict]:
    """Return the training pipeline, which all parts of the data share."""
    dataset = cfg.train_dataloader.dataset
    parts = dataset.get('datasets', [dataset])
    assert all(part.pipeline == parts[0].pipeline for part in parts)
    return parts[0].pipeline


def step(steps: list[dict], kind: str) -> dict:
    (found,) = [each for each in steps if each['type'] == kind]
    return found


def test_every_config_is_pinned():
    assert {str(path.relative_to(DETECTION)) for path in CONFIGS} == {f'{n}.py' for n in ALL}


@pytest.mark.parametrize('name', ALL)
def test_images_are_normalized_as_in_pretraining(name):
    """RGB, divided by std: MMSelfSup 1.x gave VOC BGR images without division."""
    preprocessor = build(load(name)).data_preprocessor
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    image[0], image[2] = 255, 10  # BGR: blue and a little red
    (normalized,) = preprocessor(dict(inputs=[image], data_samples=None))['inputs'][:, :, 0, 0]
    expected = [(10 - 123.675) / 58.395, (0 - 116.28) / 57.12, (255 - 103.53) / 57.375]
    torch.testing.assert_close(normalized, torch.tensor(expected))


@pytest.mark.parametrize('name', ALL)
def test_schedule(name):
    length, unit, milestones, warm_up, lr, decay = SCHEDULES[name]
    cfg = load(name)
    by_epoch = unit == 'epochs'
    assert cfg.train_cfg[f'max_{unit}'] == length
    first, second = cfg.param_scheduler
    assert (first.type, first.start_factor, first.begin, first.end) == (
        'LinearLR',
        0.001,
        0,
        warm_up,
    )
    assert not first.by_epoch
    assert (second.type, second.milestones, second.gamma) == ('MultiStepLR', milestones, 0.1)
    assert second.by_epoch == by_epoch and (second.begin, second.end) == (0, length)
    wrapper = build_optim_wrapper(nn.Linear(1, 1), cfg.optim_wrapper)
    assert isinstance(wrapper.optimizer, torch.optim.SGD)
    (group,) = wrapper.optimizer.param_groups
    assert (group['lr'], group['momentum'], group['weight_decay']) == (lr, 0.9, decay)
    assert cfg.train_dataloader.batch_size == 2  # of eight GPUs
    assert cfg.auto_scale_lr == dict(enable=False, base_batch_size=16)


@pytest.mark.parametrize(
    ('name', 'shortest'),
    [(VOC0712, range(480, 801, 32)), *((n, range(640, 801, 32)) for n in ALL if 'coco' in n)],
)
def test_scales(name, shortest):
    cfg = load(name)
    scales = step(pipeline(cfg), 'RandomChoiceResize')
    assert scales == dict(
        type='RandomChoiceResize', scales=[(1333, side) for side in shortest], keep_ratio=True
    )
    tested = step(cfg.test_dataloader.dataset.pipeline, 'Resize')
    assert tested == dict(type='Resize', scale=(1333, 800), keep_ratio=True)
    assert step(pipeline(cfg), 'RandomFlip').prob == 0.5


def test_paper_has_one_scale():
    cfg = load(VOC07)
    for steps in (pipeline(cfg), cfg.val_dataloader.dataset.pipeline):
        expected = dict(type='Resize', scale=(1000, 600), keep_ratio=True)
        assert step(steps, 'Resize') == expected
    assert cfg.test_dataloader.dataset == cfg.val_dataloader.dataset


@pytest.mark.parametrize('name', TRAINED)
def test_all_is_trained_with_norms_over_all_ranks(name):
    """MMSelfSup and MoCo freeze nothing: SyncBN in the backbone, the neck and the heads."""
    model = build(load(name)).train()
    assert all(parameter.requires_grad for parameter in model.parameters())
    norms = batch_norms(model)
    assert all(isinstance(norm, nn.SyncBatchNorm) and norm.training for norm in norms.values())
    places = {module.removeprefix('roi_head.').split('.')[0] for module in norms}
    expected = {'neck', 'bbox_head', 'mask_head'} if 'fpn' in name else {'shared_head'}
    assert places == {'backbone'} | expected


def test_head_of_fpn():
    head = build(load(FPN_1X)).roi_head
    assert len(head.bbox_head.shared_convs) == 4 and len(head.bbox_head.shared_fcs) == 1
    assert all(conv.with_norm for conv in head.bbox_head.shared_convs)
    assert [conv.with_norm for conv in head.mask_head.convs] == [True] * 4


@pytest.mark.parametrize('name', [VOC0712, C4_1X, C4_2X])
def test_one_more_norm_follows_the_last_stage(name):
    shared = build(load(name)).roi_head.shared_head
    shared.eval()
    with torch.no_grad():
        shared.norm.weight.fill_(3.0)
        shared.norm.bias.fill_(0.5)
        shared.norm.running_mean.fill_(0.25)
        shared.norm.running_var.fill_(4.0)
        features = torch.randn(2, 1024, 4, 4)
        stage = shared.layer4(features)
        found = shared(features)
    assert shared.norm.num_features == 2048
    expected = (stage - 0.25) / (4.0 + shared.norm.eps) ** 0.5 * 3.0 + 0.5
    torch.testing.assert_close(found, expected)


def test_paper_fixes_the_lower_stages_and_all_norms():
    """Only the convolutions of conv4_x and conv5_x and the heads are trained."""
    model = build(load(VOC07)).train()
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    convolutions = {
        f'{name}.weight'
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d)
        and name.startswith(('backbone.layer3', 'roi_head.shared_head.layer4'))
    }
    heads = {n for n, _ in model.named_parameters() if n.startswith(('rpn_head', 'roi_head.bbox'))}
    assert trained == convolutions | heads
    norms = batch_norms(model)
    assert len(norms) == 53  # of a ResNet-50: no extra one
    assert not any(norm.training for norm in norms.values())
    assert not any(isinstance(norm, nn.SyncBatchNorm) for norm in norms.values())


@pytest.mark.parametrize('name', ALL)
def test_stride_is_in_the_middle_convolution(name):
    """As in the pretrained network; Caffe's has it in the first."""
    model = build(load(name))
    stages = [model.backbone.layer2, model.backbone.layer3]
    stages.append(model.roi_head.shared_head.layer4 if 'c4' in name else model.backbone.layer4)
    for stage in stages:
        assert (stage[0].conv1.stride, stage[0].conv2.stride) == ((1, 1), (2, 2))


@pytest.mark.parametrize('name', ALL)
def test_nothing_is_downloaded(name):
    """All weights come from the checkpoint."""
    cfg = load(name)
    assert 'Pretrained' not in str(cfg.model) and cfg.pretrained is None
    assert [hook.type for hook in cfg.custom_hooks] == [
        'mmpretrain.PretrainedBackboneHook',
        'mmpretrain.DivergenceHook',
        'mmpretrain.GracefulStopHook',
        'mmpretrain.WeightsOnlyCheckpointHook',
    ]


@pytest.mark.parametrize('name', ALL)
def test_checkpoints_are_atomic_and_few(name):
    hook = load(name).default_hooks.checkpoint
    assert hook.type == 'mmpretrain.AtomicCheckpointHook' and hook.max_keep_ckpts == 3
    assert hook.backend_args == dict(backend='atomic')
    assert hook.interval == {VOC0712: 3000, VOC07: 1750}.get(name, 1)
    assert hook.get('by_epoch', True) == ('coco' in name)


def test_data_and_metrics_of_voc():
    """Training on trainval of both years or of 2007, test on 2007, metrics of detectron2."""
    lists = {
        VOC0712: ['VOC2007/ImageSets/Main/trainval.txt', 'VOC2012/ImageSets/Main/trainval.txt'],
        VOC07: ['VOC2007/ImageSets/Main/trainval.txt'],
    }
    for name, expected in lists.items():
        cfg = load(name)
        dataset = cfg.train_dataloader.dataset
        assert [part.ann_file for part in dataset.get('datasets', [dataset])] == expected
        assert cfg.test_dataloader.dataset.ann_file == 'VOC2007/ImageSets/Main/test.txt'
        assert cfg.val_evaluator == cfg.test_evaluator == dict(type='VOCDetectionMetric')
        assert build(cfg).roi_head.bbox_head.num_classes == 20


@pytest.mark.parametrize('name', [FPN_1X, FPN_2X, C4_1X, C4_2X])
def test_data_and_metrics_of_coco(name):
    cfg = load(name)
    assert cfg.train_dataloader.dataset.ann_file == 'annotations/instances_train2017.json'
    assert cfg.test_dataloader.dataset.ann_file == 'annotations/instances_val2017.json'
    assert cfg.test_evaluator.type == 'CocoMetric' and cfg.test_evaluator.metric == ['bbox', 'segm']
    assert cfg.test_evaluator.ann_file == 'data/coco/annotations/instances_val2017.json'
    assert step(pipeline(cfg), 'LoadAnnotations').with_mask
