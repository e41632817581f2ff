"""Labels that a classifier has no class for, before anything is trained or tested."""

from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from npid_mm.datasets import check_labels, sample_labels


@HOOKS.register_module()
class LabelCheckHook(Hook):
    """Compare the labels of the images to train on and to evaluate with ``model.head.num_classes``.

    Each data set is read once, before the run that needs it. A model without a head has nothing
    to compare with: loops that vote or fit machines look at the labels themselves.
    """

    def __init__(self):
        self._checked = set()

    def before_run(self, runner) -> None:
        """Look at the data sets of the loops that are built, which are those that will run.

        Raises:
            ValueError: A label is missing, or outside 0 to ``num_classes - 1``.
        """
        head = getattr(get_ori_model(runner.model), 'head', None)
        if head is None:
            return
        loops = dict(train=runner._train_loop, val=runner._val_loop, test=runner._test_loop)
        for stage, loop in loops.items():
            if loop is None or isinstance(loop, dict) or stage in self._checked:
                continue
            dataset = loop.dataloader.dataset
            check_labels(
                sample_labels(dataset),
                dataset,
                f'{stage}_dataloader',
                'model.head.num_classes',
                head.num_classes,
            )
            self._checked.add(stage)
