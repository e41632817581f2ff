"""The VOC07 protocol of support vector machines on every layer, as the Runner's test loops."""

from collections.abc import Iterable, Sequence

from mmpretrain.registry import LOOPS

from npid_mm.evaluation import SHOTS, choose_low_shot, low_shot_svm, voc_svm
from npid_mm.evaluation.functional.voc_svm import FOLDS
from npid_mm.utils.checks import check_whole

from .layer_svm_loop import LayerSVMLoop
from .records import SVMRecords


@LOOPS.register_module()
class SVMTestLoop(LayerSVMLoop):
    """Linear machines of each class on all training images: ``feature1/mAP``, ``best/mAP``.

    Each class takes the cost with the best cross-validated average precision; see
    :func:`npid_mm.evaluation.voc_svm` and, for the arguments, :class:`LayerSVMLoop`.
    """

    kind = 'svm'

    def _needed(self) -> tuple[int, str]:
        return FOLDS, f'to train on, one for each of {FOLDS} folds'

    def _kinds(self) -> list[dict]:
        return [{}]

    def _settings(self) -> dict:
        return dict(costs=self.costs)

    def _records(self, **arguments) -> list[dict]:
        return voc_svm(**arguments)

    def _metrics(self, records: dict[str, SVMRecords]) -> dict[str, float]:
        values = {
            layer: dict(mAP=100 * _mean(record['test_ap'] for record in own.of()))
            for layer, own in records.items()
        }
        return with_best(values, self.runner.logger)


@LOOPS.register_module()
class LowShotSVMTestLoop(LayerSVMLoop):
    """Machines of k positives a class, the mean over draws: ``feature1/k1``, ``best/k1``.

    See :func:`npid_mm.evaluation.low_shot_svm`, and :class:`LayerSVMLoop` for the other arguments.

    Args:
        shots (Sequence[int]): k. Defaults to 1 to 96 as in the protocol.
        draws (int): Independent draws of each k.
        seed (int): Of the draws.
        select (str): What chooses the cost of each layer and k: 'held_out', the training images
            outside the draws, or 'test' as in the protocol, which reports too much.
    """

    kind = 'low-shot-svm'

    def __init__(
        self,
        *args,
        shots: Sequence[int] = SHOTS,
        draws: int = 5,
        seed: int = 0,
        select: str = 'held_out',
        **kwargs,
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

    def _records(self, **arguments) -> list[dict]:
        return low_shot_svm(**arguments, draws=self.draws, seed=self.seed)

    def _metrics(self, records: dict[str, SVMRecords]) -> dict[str, float]:
        values = {}
        for layer, own in records.items():
            chosen = [choose_low_shot(own.of(k=k), self.select) for k in self.shots]
            values[layer] = {f'k{each["k"]}': 100 * each['test_map'] for each in chosen}
        return with_best(values, self.runner.logger)


def with_best(values: dict[str, dict[str, float]], logger) -> dict[str, float]:
    """Metrics ``layer/name`` and, of the layer with the highest mean, ``best/name``."""
    best = max(values, key=lambda layer: _mean(values[layer].values()))
    text = ', '.join(f'{name} {value:.2f}' for name, value in values[best].items())
    logger.info(f'best layer: {best} ({text})')
    return {
        f'{layer}/{name}': value
        for layer, own in {**values, 'best': values[best]}.items()
        for name, value in own.items()
    }


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values)
