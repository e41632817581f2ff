"""The configs of benchmarks: options merged in, and fitted to a machine and a checkpoint."""

from pathlib import Path

from mmengine.config import Config

from npid_mm.config.checks.keys import merge_options
from npid_mm.config.reading import read_config
from npid_mm.config.tree import dicts, value_at

# where a training's config names what it starts from: that of a detector or a segmentor, or others
PRETRAINED, CHECKPOINT = 'pretrained', 'model.checkpoint'
BATCH = 'train_dataloader.batch_size'
DATA = 'data'  # what the configs call the folder of all data sets


def read_configs(files: dict[str, Path], options: dict) -> dict[str, Config]:
    """Read configs and merge each option into those that it is for.

    ``a.b.c`` is for the configs that have it; if none has, for those that have the dict ``a.b``.
    So an option of trainings leaves alone what is only tested.

    Args:
        files (dict[str, Path]): Name -> config file.
        options (dict): Key -> value, as of ``--cfg-options``.

    Raises:
        ValueError: An option is for none of them, or not one that a config takes.
        MissingExtraError: A config needs a package that is missing.
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
    """A copy whose data sets, below ``data/`` in the configs, are below ``data_root``.

    Annotations that are named from there, as metrics do, move too.
    """
    cfg = Config(cfg.to_dict())
    for _, place in dicts(cfg._cfg_dict):
        for key in ('data_root', 'ann_file'):
            path = Path(str(place.get(key)))
            if path.parts[:1] == (DATA,):
                place[key] = str(data_root.joinpath(*path.parts[1:]))
    return cfg


def start_from(cfg: Config, checkpoint: Path, ranks: int | None) -> None:
    """Let the training of ``cfg`` start from a checkpoint.

    Args:
        cfg (Config): Config of a training.
        checkpoint (Path): The pretraining's.
        ranks (int, optional): Ranks over which to spread the batch that the config's learning
            rate is meant for. None keeps the batch of each rank. The learning rate follows what
            the batch of all ranks becomes.
    """
    cfg.merge_from_dict({PRETRAINED if PRETRAINED in cfg else CHECKPOINT: str(checkpoint)})
    cfg.auto_scale_lr.enable = True
    if ranks:
        cfg.merge_from_dict({BATCH: max(1, cfg.auto_scale_lr.base_batch_size // ranks)})
