"""Check the labels of a classifier before it is trained or tested."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch.utils.data import Dataset

from npid_mm.datasets import check_same_classes, dataset_labels
from npid_mm.engine.runner_state import built_loops
from npid_mm.evaluation.metrics import fit_topk

SETTING = 'model.head.num_classes'


@HOOKS.register_module()
class LabelCheckHook(Hook):
    """Compare the labels of training and evaluation images with ``model.head.num_classes``.

    Each data set is read once. Training and evaluation must have the same classes; top-k accuracies
    with k above the number of classes are dropped. Models without a head are not checked (kNN and
    SVM loops check their labels themselves), and neither are multi-label heads.
    """

    def __init__(self) -> None:
        self._checked: dict[str, Dataset] = {}

    def before_run(self, runner: Runner) -> None:
        """Check the data sets of the loops that will run.

        Raises:
            ValueError: If a label is missing, is outside 0 to ``num_classes - 1``, or names another
                class than in training.
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
