"""Configs of benchmarks, adapted to options, data folders and a checkpoint."""

from pathlib import Path

from mmengine.config import Config

from npid_mm.config.checks.keys import merge_options
from npid_mm.config.read_config import read_config
from npid_mm.config.tree import dicts, value_at

# key of the checkpoint to start from: in configs of detectors and segmentors, and in others
PRETRAINED, CHECKPOINT = 'pretrained', 'model.checkpoint'
BATCH = 'train_dataloader.batch_size'
DATA = 'data'  # folder of all data sets in the configs


def read_configs(files: dict[str, Path], options: dict) -> dict[str, Config]:
    """Read configs and merge each option into those that it applies to.

    ``a.b.c`` applies to the configs that have it; if none has, to those that have the dict ``a.b``.
    So an option of trainings does not reach configs that only test.

    Args:
        files (dict[str, Path]): Name -> config file.
        options (dict): Key -> value, as in ``--cfg-options``.

    Raises:
        ValueError: If an option applies to no config, or a config does not take it.
        MissingExtraError: If a config needs a package that is missing.
    """
    configs = {name: read_config(path) for name, path in files.items()}
    for key, value in options.items():
        above, _, name = key.rpartition('.')
        places = {
            each: place
            for each, cfg in configs.items()
            if isinstance(place := value_at(cfg._cfg_dict, above), dict)
        }
        chosen = [each for each, place in places.items() if name in place] or list(places)
        if not chosen:
            raise ValueError(f'--cfg-options: no config of the suite has a place for {key}')
        for each in chosen:
            merge_options(configs[each], {key: value})
    return configs


def local_config(cfg: Config, data_root: Path) -> Config:
    """Return a copy whose data sets are below ``data_root`` instead of ``data/``.

    The paths of annotations that metrics read move too.
    """
    cfg = Config(cfg.to_dict())
    for _, place in dicts(cfg._cfg_dict):
        for key in ('data_root', 'ann_file'):
            path = Path(str(place.get(key)))
            if path.parts[:1] == (DATA,):
                place[key] = str(data_root.joinpath(*path.parts[1:]))
    return cfg


def start_from(cfg: Config, checkpoint: Path, ranks: int | None) -> None:
    """Set the checkpoint that the training of ``cfg`` starts from, and its batch.

    Args:
        cfg (Config): Config of a training.
        checkpoint (Path): Checkpoint of the pretraining.
        ranks (int, optional): Number of ranks to divide the batch of ``auto_scale_lr`` among.
            None keeps the batch of each rank. The learning rate is scaled to the global batch.
    """
    cfg.merge_from_dict({PRETRAINED if PRETRAINED in cfg else CHECKPOINT: str(checkpoint)})
    cfg.auto_scale_lr.enable = True
    if ranks:
        cfg.merge_from_dict({BATCH: max(1, cfg.auto_scale_lr.base_batch_size // ranks)})
