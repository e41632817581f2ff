"""The folder of a run: what trained in it, and what embeds an image with its network."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from npid_mm.config.read_config import read_config
from npid_mm.config.training_images import with_test_pipeline
from npid_mm.engine.resume import checkpoint_files, checkpoint_progress, newest_checkpoint
from npid_mm.retrieval.index.metadata import META
from npid_mm.retrieval.stored_config import config_from_json, config_to_json, embedding_config
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.input_files import existing_checkpoint, existing_file
from npid_mm.utils.output_files import check_folder
from npid_mm.utils.paths import check_path, printable_path
from npid_mm.utils.text import pluralize, preview
from npid_mm.version import __version__

RECORD = 'run.json'
LISTS = ('train.txt', 'val.txt')  # of the images
MEASURED = 'measured'  # key of the record
IGNORED = ('training.lock',)


@dataclass(frozen=True)
class Run:
    """A finished training. Functions that take the folder of a run take this too.

    Attributes:
        folder (Path): Its folder.
        checkpoint (Path): Its newest checkpoint.
        config (Config): Its config, which is also in the folder as ``config.py``.
        metrics (dict[str, float]): The last value of each figure that it logged, such as ``loss``.

    Example:
        >>> run = npid_mm.pretrain('photographs/', 'run', model='resnet18')
        >>> run.metrics['loss'], run.checkpoint
    """

    folder: Path
    checkpoint: Path
    config: Config
    metrics: dict[str, float]

    def __fspath__(self) -> str:
        return str(self.folder)


def check_out(out: Path, resume: bool) -> None:
    """Check that a training may write to a folder.

    Args:
        out (Path): The folder, which need not exist.
        resume (bool): Continue the run in it.

    Raises:
        FileExistsError: If it holds a run and ``resume`` is false, or other files.
        OSError: If it cannot be written to.
        ValueError: If its path is not UTF-8.
    """
    check_path(out, 'out')
    check_folder(out / RECORD, 'out')
    names = sorted(set(os.listdir(out)).difference(IGNORED)) if out.is_dir() else []
    if RECORD in names:
        if checkpoint_files(out) and not resume:
            raise FileExistsError(
                f'{out} holds a run{_progress(out)}: resume=True (--resume) continues it; for a '
                'new run name another folder'
            )
    elif names:
        raise FileExistsError(
            f'out must be a new or an empty folder, or that of a run of npid_mm, got {out}, which '
            f'holds {preview(map(printable_path, names), 3)}'
        )


def check_record(folder: str | Path, cfg: Config) -> None:
    """Check that the run of a folder has the network and the preprocessing of a config.

    Args:
        folder (str | Path): Folder of a run.
        cfg (Config): Config of the training.

    Raises:
        ValueError: If it has not.
    """
    before, present = _read(Path(folder) / RECORD), json.loads(_record(cfg))['encoder']
    changed = [name for name in present if before.get(name) != present[name]]
    if changed:
        raise ValueError(
            f'{folder} holds a run with another {" and ".join(changed)}: give the model and the '
            'image size that it began with, or name another folder'
        )


def write_record(folder: str | Path, cfg: Config, measured: tuple | None = None) -> None:
    """Write what :func:`find_run` needs into the folder of a run.

    Args:
        folder (str | Path): The folder.
        cfg (Config): Config of the training.
        measured (Measured, optional): What the run took from its images.
    """
    write_atomic(Path(folder) / RECORD, _record(cfg, measured))


def record_training(cfg: Config) -> None:
    """Write the record of a training into its work dir, if it trains NPID and can be recorded.

    A network with parts that :func:`find_run` would refuse has no record; its config is named
    where it is used. A record of the same network is kept, with what was measured.

    Args:
        cfg (Config): A complete config.
    """
    if (cfg.get('model') or {}).get('type') == 'NPID':
        with suppress(ValueError, TypeError):  # no test pipeline, or values that JSON lacks
            embedding_config(with_test_pipeline(cfg))
            path = Path(cfg.work_dir) / RECORD
            if not path.is_file() or _read(path) != json.loads(_record(cfg))['encoder']:
                write_record(cfg.work_dir, cfg)


@contextmanager
def kept_lists(out: Path) -> Iterator[None]:
    """Restore the lists of a run after the block, unless a checkpoint was written in it.

    The lists are then those of the newest checkpoint, even if a training on other images failed.

    Args:
        out (Path): Folder of the run.
    """
    before, checkpoints = read_lists(out), _times(out)
    try:
        yield
    finally:
        if checkpoints and _times(out) == checkpoints and read_lists(out) != before:
            replace_lists(out, before)


def _times(out: Path) -> dict[Path, int]:
    """Return when each checkpoint of a folder was written."""
    return {path: path.stat().st_mtime_ns for path in checkpoint_files(out)}


def read_lists(folder: Path) -> dict[str, bytes]:
    """Read the lists in a folder: name of the file -> content."""
    return {name: (folder / name).read_bytes() for name in LISTS if (folder / name).is_file()}


def replace_lists(out: Path, lists: Mapping[str, bytes]) -> None:
    """Write lists, and remove those that a run had before, as of images that were held out."""
    for name, content in lists.items():
        write_atomic(out / name, content)
    for name in set(LISTS).difference(lists):
        (out / name).unlink(missing_ok=True)


def find_run(run: str | os.PathLike, config: str | os.PathLike | None = None) -> tuple[Config, str]:
    """Find checkpoint and embedding config of a run.

    The config is read from the folder's ``run.json``, which holds plain values. A config in Python
    is executed only if the caller names it.

    Args:
        run (str | PathLike): Folder of a run, or a checkpoint in one.
        config (str | PathLike, optional): Config of the checkpoint. Required for runs of other
            configs and for URLs.

    Returns:
        tuple[Config, str]: What :func:`~npid_mm.engine.inference.load_network` takes.

    Raises:
        FileNotFoundError: If the checkpoint or its config is missing.
        ValueError: If the checkpoint or ``run.json`` is damaged, or the config is of another kind.
    """
    path = os.path.expanduser(os.fspath(run))
    folder = Path(path if os.path.isdir(path) else os.path.dirname(path))
    if not os.path.isdir(path):
        checkpoint = existing_checkpoint(path)
    elif (folder / META).is_file():
        raise ValueError(f'{path} is an index, and a run or a checkpoint is needed')
    else:
        found = newest_checkpoint(path)
        if found is None:
            raise FileNotFoundError(f'{path} has no checkpoint: give the folder of a run')
        checkpoint = str(found)
    if config is not None:
        cfg = read_config(existing_file(os.fspath(config), 'config'))
        return embedding_config(with_test_pipeline(cfg)), checkpoint
    if not (folder / RECORD).is_file():
        raise FileNotFoundError(
            f'{folder} has no {RECORD}, which a training writes: name the config of '
            f'{os.path.basename(checkpoint)} with config= (--config); it is Python code and runs'
        )
    return config_from_json(_read(folder / RECORD)), checkpoint


def _record(cfg: Config, measured: tuple | None = None) -> str:
    content = {'npid_mm': __version__, 'encoder': config_to_json(with_test_pipeline(cfg))}
    if measured is not None:
        image_size, values = measured
        content[MEASURED] = dict(image_size=image_size, values=values and values._asdict())
    return json.dumps(content) + '\n'


def _read(path: Path) -> dict:
    try:
        encoder = json.loads(path.read_text(encoding='utf-8'))['encoder']
        if not isinstance(encoder, dict):
            raise TypeError('encoder is not an object')
        return encoder
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f'{path} is damaged ({error}): name the config of the run') from error


def _progress(out: Path) -> str:
    """Describe how far the run of a folder got, '' if its checkpoints cannot be read."""
    try:
        newest = newest_checkpoint(out)
        return f' of {pluralize(checkpoint_progress(newest).epoch, "epoch")}' if newest else ''
    except ValueError:
        return ''
