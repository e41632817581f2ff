"""Resolved segmentation configs against the published protocol."""

import pytest
from mmengine.config import Config

from npid_mm.config.read_config import read_config
from npid_mm.suites.segmentation import SEGMENTATION
from tests.toy import ROOT

VOC12AUG, CITYSCAPES = (read_config(ROOT / each.config) for each in SEGMENTATION.benchmarks)
BOTH = pytest.mark.parametrize('cfg', [VOC12AUG, CITYSCAPES], ids=['voc12aug', 'cityscapes'])
SYNC_BN = dict(type='SyncBN', requires_grad=True)


def steps(dataset: Config) -> dict:
    """Return the arguments of a pipeline's steps, by type."""
    return {step.type: {k: v for k, v in step.items() if k != 'type'} for step in dataset.pipeline}


@BOTH
def test_backbone_is_the_network_of_the_pretraining(cfg):
    """A plain stem, not upstream's ResNetV1c, and none of its weights; nothing is frozen."""
    assert dict(cfg.model.backbone) == dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        norm_cfg=SYNC_BN,
        norm_eval=False,
        style='pytorch',
        contract_dilation=True,
    )
    assert cfg.model.pretrained is None and cfg.pretrained is None
    hooks = [hook.type for hook in cfg.custom_hooks]
    assert 'mmpretrain.PretrainedBackboneHook' in hooks


@BOTH
def test_input_is_normalized_as_in_pretraining(cfg):
    pretraining = 'configs/selfsup/npid/npid_resnet50_8xb32-steplr-200e_in1k.py'
    expected = read_config(ROOT / pretraining).data_preprocessor
    for key in ('mean', 'std'):
        assert list(cfg.model.data_preprocessor[key]) == list(expected[key])
    assert cfg.model.data_preprocessor.bgr_to_rgb


@BOTH
def test_heads(cfg):
    """FCN with SyncBN on the last stage, and 0.4 times another one on the stage before."""
    head, aux = cfg.model.decode_head, cfg.model.auxiliary_head
    assert (head.type, head.num_convs, head.channels, head.in_index) == ('FCNHead', 2, 512, 3)
    assert (aux.type, aux.num_convs, aux.channels, aux.in_index) == ('FCNHead', 1, 256, 2)
    assert head.loss_decode.loss_weight == 1.0 and aux.loss_decode.loss_weight == 0.4
    assert head.norm_cfg == aux.norm_cfg == SYNC_BN


@BOTH
def test_schedule(cfg):
    """SGD 0.01, momentum 0.9, weight decay 5e-4; polynomial of power 0.9 to 1e-4."""
    assert dict(cfg.optim_wrapper.optimizer) == dict(
        type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4
    )
    iterations = 20_000 if cfg is VOC12AUG else 40_000
    assert cfg.train_cfg.type == 'IterBasedTrainLoop' and cfg.train_cfg.max_iters == iterations
    (schedule,) = cfg.param_scheduler
    assert (schedule.type, schedule.power, schedule.eta_min) == ('PolyLR', 0.9, 1e-4)
    assert (schedule.begin, schedule.end, schedule.by_epoch) == (0, iterations, False)
    assert cfg.val_evaluator.iou_metrics == ['mIoU'] == cfg.test_evaluator.iou_metrics


def test_voc12aug_data():
    """10,582 images of train and aug, 512 x 512 from 0.5 to 2 times, 4 images per GPU."""
    parts = VOC12AUG.train_dataloader.dataset.datasets
    lists = [part.ann_file.rpartition('/')[2] for part in parts]
    assert lists == ['train.txt', 'aug.txt'] and VOC12AUG.train_dataloader.batch_size == 4
    masks = [part.data_prefix.seg_map_path for part in parts]
    assert masks == ['SegmentationClass', 'SegmentationClassAug']
    for part in parts:
        assert steps(part)['RandomResize'] == dict(
            scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True
        )
        assert steps(part)['RandomCrop'] == dict(crop_size=(512, 512), cat_max_ratio=0.75)
        assert steps(part)['RandomFlip'] == dict(prob=0.5) and 'PhotoMetricDistortion' in steps(
            part
        )
    tested = steps(VOC12AUG.test_dataloader.dataset)
    assert tested['Resize'] == dict(scale=(2048, 512), keep_ratio=True)
    assert VOC12AUG.model.data_preprocessor['size'] == (512, 512)
    assert VOC12AUG.model.decode_head.num_classes == 21 == VOC12AUG.model.auxiliary_head.num_classes
    assert VOC12AUG.model.test_cfg.mode == 'whole'
    assert VOC12AUG.auto_scale_lr.base_batch_size == 4 * 4
    assert VOC12AUG.test_dataloader.dataset.ann_file.endswith('val.txt')


def test_cityscapes_data():
    """769 x 769 crops, 2 images per GPU, corners aligned, tested in windows."""
    assert CITYSCAPES.train_dataloader.batch_size == 2
    train = steps(CITYSCAPES.train_dataloader.dataset)
    assert train['RandomCrop'] == dict(crop_size=(769, 769), cat_max_ratio=0.75)
    assert train['RandomResize'] == dict(
        scale=(2049, 1025), ratio_range=(0.5, 2.0), keep_ratio=True
    )
    assert train['RandomFlip'] == dict(prob=0.5) and 'PhotoMetricDistortion' in train
    tested = steps(CITYSCAPES.test_dataloader.dataset)
    assert tested['Resize'] == dict(scale=(2049, 1025), keep_ratio=True)
    assert CITYSCAPES.model.decode_head.num_classes == 19
    assert CITYSCAPES.model.decode_head.align_corners
    assert CITYSCAPES.model.auxiliary_head.align_corners
    assert dict(CITYSCAPES.model.test_cfg) == dict(
        mode='slide', crop_size=(769, 769), stride=(513, 513)
    )
    assert CITYSCAPES.auto_scale_lr.base_batch_size == 4 * 2


@BOTH
def test_checkpoints_are_atomic(cfg):
    hook = cfg.default_hooks.checkpoint
    assert hook.type == 'mmpretrain.AtomicCheckpointHook' and not hook.by_epoch
    assert hook.backend_args == dict(backend='atomic') and hook.max_keep_ckpts == 3
