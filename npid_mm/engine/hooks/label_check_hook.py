"""Check the labels of a classifier before anything is trained or tested."""

from mmengine.hooks import Hook
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.engine.runner_state import built_loops
from npid_mm.evaluation.metrics import fit_topk

SETTING = 'model.head.num_classes'


@HOOKS.register_module()
class LabelCheckHook(Hook):
    """Compare the labels of the images to train on and to evaluate with ``model.head.num_classes``.

    Each data set is read once, before the run that needs it. Classes of training and evaluation
    that differ are refused; top-k accuracies of more than all classes are left out. A model
    without a head has nothing to compare with: loops that vote or fit SVMs look at the labels
    themselves. Heads of several labels per image are not checked.
    """

    def __init__(self):
        self._checked = {}

    def before_run(self, runner) -> None:
        """Check the data sets of the loops that are built, which are those that will run.

        Raises:
            ValueError: A label is missing, or outside 0 to ``num_classes - 1``, or stands for
                another class than in training.
        """
        head = getattr(get_ori_model(runner.model), 'head', None)
        if head is None or isinstance(head, MultiLabelClsHead):
            return
        for stage, loop in built_loops(runner).items():
            if stage in self._checked:
                continue
            dataset, name = loop.dataloader.dataset, f'{stage}_dataloader'
            dataset_labels(dataset, name, head.num_classes, SETTING)
            if 'train' in self._checked:
                check_same_classes(self._checked['train'], 'train_dataloader', dataset, name)
            if stage != 'train':
                fit_topk(loop.evaluator, head.num_classes, SETTING)
            self._checked[stage] = dataset
