"""Average the weights of NPID over the steps, without its memory bank."""

from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model


@HOOKS.register_module()
class BankEMAHook(EMAHook):
    """EMAHook that leaves the memory bank out.

    MMEngine's own copies the whole model: the device and each checkpoint would hold a second bank.
    Validation and checkpoints have the averaged weights; the bank follows the trained ones. Takes
    the arguments of ``EMAHook``.
    """

    def before_run(self, runner: Runner) -> None:
        """Copy the model without its bank."""
        model = get_ori_model(runner.model)
        bank = model._modules.pop('memory_bank')
        try:
            super().before_run(runner)
        finally:
            model.memory_bank = bank  # the last part again, as EMAHook pairs buffers by their order
