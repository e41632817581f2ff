"""Make every run write scalars.json, which the curves are drawn from."""

from inspect import isclass

from mmengine.config import Config
from mmengine.registry import VISBACKENDS
from mmengine.visualization import BaseVisBackend, LocalVisBackend


def write_scalars(cfg: Config) -> None:
    """Add ``LocalVisBackend``, which writes ``scalars.json``, if the config does not have it.

    Args:
        cfg (Config): Config of a run; its ``visualizer`` is changed.
    """
    visualizer = cfg.get('visualizer')
    if visualizer is None:  # MMEngine uses LocalVisBackend then
        return
    backends = visualizer.get('vis_backends') or []
    if not any(map(_writes_scalars, backends)):
        visualizer['vis_backends'] = [*backends, dict(type='LocalVisBackend')]


def _writes_scalars(backend: dict | BaseVisBackend) -> bool:
    kind = backend.get('type') if isinstance(backend, dict) else type(backend)
    kind = VISBACKENDS.get(kind) if isinstance(kind, str) else kind
    return isclass(kind) and issubclass(kind, LocalVisBackend)
