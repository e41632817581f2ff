"""Detection configs on small scenes, with their own networks, pipelines and loops."""

from functools import partial
from pathlib import Path

from mmengine.config import Config

from tests.toy import ROOT
from tests.transfer.small import on_small_data, pipeline_steps

DETECTION = ROOT / 'configs/benchmarks/mmdetection'
EVERY = sorted(DETECTION.glob('[!_]*/*.py'))
FAST = [path for path in EVERY if path.stem.startswith('fast-rcnn')]  # AlexNet and VGG16
CONFIGS = [path for path in EVERY if path not in FAST]  # ResNet-50
VOC0712, VOC07, FPN_1X = (
    next(path for path in CONFIGS if path.match(pattern))
    for pattern in ('voc0712/*', 'voc2007/*', '*-fpn_ms-1x_*')
)
SCALE = (256, 96)  # longest and shortest side, instead of those of a config
REGIONS = 16  # per image, in the training of the second stage


def small_options(cfg: Config, length: int, batch: int = 2) -> dict:
    """Return settings for ``length`` steps, or epochs, on small images.

    Only sizes and numbers change: data, network, training and metrics stay those of the config.
    """
    options = {
        'model.train_cfg.rcnn.sampler.num': REGIONS,
        'model.test_cfg.rcnn.score_thr': -1.0,  # after a few steps all scores may be 0
        'param_scheduler.0.end': 2,  # warm-up
        'default_hooks.logger.interval': 1,
        'train_dataloader.batch_size': batch,
        'auto_scale_lr.enable': True,
    }
    if 'rpn' in cfg.model.test_cfg:
        options['model.train_cfg.rpn_proposal.max_per_img'] = 4 * REGIONS
        options['model.test_cfg.rpn.max_per_img'] = 2 * REGIONS
    if (
        cfg.model.backbone.get('depth') == 50 and 'shared_head' in cfg.model.roi_head
    ):  # the expensive part: regions of 2/7 of the side
        options['model.roi_head.bbox_roi_extractor.roi_layer.output_size'] = 4
        options['model.roi_head.bbox_head.roi_feat_size'] = 2
        if 'mask_head' in cfg.model.roi_head:
            options['model.train_cfg.rcnn.mask_size'] = 4
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options |= {f'{loader}.num_workers': 0, f'{loader}.persistent_workers': False}
        for key, step in pipeline_steps(cfg[loader].dataset, f'{loader}.dataset'):
            if step['type'] == 'ProposalBroadcaster':
                options[f'{key}.transforms.0.scale'] = SCALE
            if step['type'] == 'LoadProposalFile':
                options[f'{key}.limit'] = 4 * REGIONS
            if step['type'] == 'Resize':
                options[f'{key}.scale'] = SCALE
            if step['type'] == 'RandomChoiceResize':
                options[f'{key}.scales'] = [SCALE, (SCALE[0], SCALE[1] + 32)]
    limit = 'max_iters' if 'max_iters' in cfg.train_cfg else 'max_epochs'
    lengths = (f'train_cfg.{limit}', 'train_cfg.val_interval', 'default_hooks.checkpoint.interval')
    return options | dict.fromkeys(lengths, length)


def small_config(
    path: Path,
    data_root: Path,
    work_dir: Path,
    pretrained: Path | str | None,
    length: int,
    batch: int = 2,
) -> Config:
    """Return a config on the small data below ``data_root``, with :func:`small_options`."""
    options = partial(small_options, length=length, batch=batch)
    return on_small_data(path, data_root, work_dir, pretrained, options)
