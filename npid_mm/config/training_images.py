"""Configure a loader of unaugmented training images, and stand-ins for a missing test set."""

import copy

from mmengine.config import Config


def training_images(cfg: Config) -> dict:
    """Return the data loader config of the training images, in order and without augmentation.

    Args:
        cfg (Config): A pretraining config. Its ``test_cfg.reference`` is used if it is a loader,
            otherwise the data set of ``train_dataloader`` with a test pipeline.

    Raises:
        ValueError: If the config has no ``train_dataloader``, or no test pipeline.
    """
    reference = (cfg.get('test_cfg') or {}).get('reference')
    if isinstance(reference, dict):
        return reference
    if not cfg.get('train_dataloader'):
        raise ValueError('the config must have a train_dataloader, it has none')
    dataset = copy.deepcopy(cfg.train_dataloader['dataset'])
    set_pipelines(dataset, _test_pipeline(cfg))
    return dict(
        batch_size=cfg.train_dataloader.get('batch_size', 1),
        num_workers=cfg.train_dataloader.get('num_workers', 0),
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )


def with_test_images(cfg: Config) -> Config:
    """Return the config if it has a test set, or a copy whose test set is the training set.

    Raises:
        ValueError: If the config has neither.
    """
    if cfg.get('test_dataloader'):
        return cfg
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader = training_images(cfg)
    return cfg


def with_test_pipeline(cfg: Config) -> Config:
    """Return the config if it has a test set, or a copy that has its pipeline, as an index needs.

    Raises:
        ValueError: If the config has no test pipeline.
    """
    if cfg.get('test_dataloader'):
        return cfg
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader = dict(dataset=dict(pipeline=_test_pipeline(cfg)))
    return cfg


def _test_pipeline(cfg: Config) -> list[dict]:
    """Return the pipeline of an evaluation, or the variable ``test_pipeline`` of the bases."""
    for name in ('test_dataloader', 'val_dataloader'):
        if cfg.get(name):
            return cfg[name]['dataset']['pipeline']
    if not cfg.get('test_pipeline'):
        raise ValueError(
            'the config must have a test_dataloader, or test_pipeline=[...] to read its training '
            'images without augmentation, it has neither'
        )
    return cfg.test_pipeline


def set_pipelines(dataset: dict, pipeline: list[dict]) -> None:
    """Set the pipeline of a data set, or of those that it wraps."""
    parts = dataset.get('datasets') or [dataset[key] for key in dataset if key == 'dataset']
    for part in parts:
        set_pipelines(part, pipeline)
    if not parts:
        dataset['pipeline'] = copy.deepcopy(pipeline)
