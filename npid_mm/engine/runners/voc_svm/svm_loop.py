"""Test loops of linear SVMs on every layer, by the VOC07 protocol."""

from collections.abc import Sequence
from logging import Logger
from statistics import fmean
from typing import Any

from mmpretrain.registry import LOOPS

from npid_mm.evaluation import SHOTS, choose_low_shot, low_shot_svm, voc_svm
from npid_mm.evaluation.functional.voc_svm import FOLDS
from npid_mm.utils.checks import check_whole

from .layer_svm_loop import LayerSVMLoop
from .records import SVMRecords


@LOOPS.register_module()
class SVMTestLoop(LayerSVMLoop):
    """Report the mAP of linear SVMs on all training images: ``feature1/mAP``, ``best/mAP``.

    Each class uses the cost with the best cross-validated average precision, see
    :func:`npid_mm.evaluation.voc_svm`. Takes the arguments of :class:`LayerSVMLoop`.
    """

    kind = 'svm'

    def _needed(self) -> tuple[int, str]:
        return FOLDS, f'to train on, one for each of {FOLDS} folds'

    def _kinds(self) -> list[dict]:
        return [{}]

    def _settings(self) -> dict:
        return dict(costs=self.costs)

    def _records(self, **arguments: Any) -> list[dict]:
        return voc_svm(**arguments)

    def _metrics(self, records: dict[str, SVMRecords]) -> dict[str, float]:
        values = {
            layer: dict(mAP=100 * fmean(record['test_ap'] for record in own.of()))
            for layer, own in records.items()
        }
        return with_best(values, self.runner.logger)


@LOOPS.register_module()
class LowShotSVMTestLoop(LayerSVMLoop):
    """Report the mAP of SVMs on k positives per class: ``feature1/k1``, ``best/k1``.

    The mAP is the mean over several samples of positives, see
    :func:`npid_mm.evaluation.low_shot_svm`.

    Args:
        *args (Any): Arguments of :class:`LayerSVMLoop`.
        shots (Sequence[int]): Values of k. Defaults to 1 to 96 as in the protocol.
        draws (int): Number of independent samples for each k.
        seed (int): Seed of the samples.
        select (str): Images by which the cost of each layer and k is chosen: 'held_out' for the
            training images that are not sampled, or 'test' as in the protocol, which overestimates
            the mAP.
        **kwargs (Any): Arguments of :class:`LayerSVMLoop`.

    Raises:
        ValueError: If an argument is outside its range.
    """

    kind = 'low-shot-svm'

    def __init__(
        self,
        *args: Any,
        shots: Sequence[int] = SHOTS,
        draws: int = 5,
        seed: int = 0,
        select: str = 'held_out',
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        if select not in ('held_out', 'test'):
            raise ValueError(f"select must be 'held_out' or 'test', got {select!r}")
        if not shots:
            raise ValueError(f'shots must name at least one number, got {shots}')
        for each in shots:
            check_whole('shots', each)
        check_whole('draws', draws)
        check_whole('seed', seed, least=0)
        self.shots = tuple(shots)
        self.draws = draws
        self.seed = seed
        self.select = select

    def _needed(self) -> tuple[int, str]:
        return max(self.shots), f'to draw k={max(self.shots)} of them; lower test_cfg.shots'

    def _kinds(self) -> list[dict]:
        return [dict(k=k) for k in self.shots]

    def _settings(self) -> dict:
        return dict(costs=self.costs, draws=self.draws, seed=self.seed)

    def _records(self, **arguments: Any) -> list[dict]:
        return low_shot_svm(**arguments, draws=self.draws, seed=self.seed)

    def _metrics(self, records: dict[str, SVMRecords]) -> dict[str, float]:
        values = {}
        for layer, own in records.items():
            chosen = [choose_low_shot(own.of(k=k), self.select) for k in self.shots]
            values[layer] = {f'k{each["k"]}': 100 * each['test_map'] for each in chosen}
        return with_best(values, self.runner.logger)


def with_best(values: dict[str, dict[str, float]], logger: Logger) -> dict[str, float]:
    """Return metrics ``layer/name``, and ``best/name`` of the layer with the highest mean."""
    best = max(values, key=lambda layer: fmean(values[layer].values()))
    text = ', '.join(f'{name} {value:.2f}' for name, value in values[best].items())
    logger.info(f'best layer: {best} ({text})')
    return {
        f'{layer}/{name}': value
        for layer, own in {**values, 'best': values[best]}.items()
        for name, value in own.items()
    }
