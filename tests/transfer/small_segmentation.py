"""Segmentation configs on small scenes, with their own networks, pipelines and loops."""

from functools import partial
from pathlib import Path

from mmengine.config import Config

from tests.toy import ROOT
from tests.transfer.small import on_small_data, pipeline_steps

CONFIGS = sorted((ROOT / 'configs/benchmarks/mmsegmentation').glob('[!_]*/*.py'))
VOC12AUG = next(path for path in CONFIGS if 'voc12aug' in path.stem)
SCALE, CROP = (96, 72), (64, 64)


def small_options(cfg: Config, steps: int, batch: int = 2) -> dict:
    """Return settings for ``steps`` steps on small crops, and a test after them.

    Only sizes and numbers change: data, network, training and metrics stay those of the config.
    """
    options = {
        'model.data_preprocessor.size': CROP,
        'param_scheduler.0.end': steps,
        'train_cfg.max_iters': steps,
        'train_cfg.val_interval': steps,
        'default_hooks.logger.interval': 1,
        'default_hooks.checkpoint.interval': steps,
        'train_dataloader.batch_size': batch,
    }
    if cfg.model.test_cfg.mode == 'slide':
        options |= {'model.test_cfg.crop_size': CROP, 'model.test_cfg.stride': (43, 43)}
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options |= {f'{loader}.num_workers': 0, f'{loader}.persistent_workers': False}
        for key, step in pipeline_steps(cfg[loader].dataset, f'{loader}.dataset'):
            small = dict(Resize='scale', RandomResize='scale', RandomCrop='crop_size', Pad='size')
            if step['type'] in small:
                name = small[step['type']]
                options[f'{key}.{name}'] = SCALE if name == 'scale' else CROP
    return options


def small_config(
    path: Path, data_root: Path, work_dir: Path, pretrained: Path | str | None, steps: int, **batch
) -> Config:
    """Return a config on the small data below ``data_root``, with :func:`small_options`."""
    options = partial(small_options, steps=steps, **batch)
    return on_small_data(path, data_root, work_dir, pretrained, options)
