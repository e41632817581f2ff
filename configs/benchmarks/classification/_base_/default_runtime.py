# The runtime of pretraining without its memory bank, and with a check of the labels
_base_ = '../../../selfsup/_base_/default_runtime.py'

default_hooks = dict(
    _delete_=True,
    **{
        name: hook
        for name, hook in _base_.default_hooks.items()
        if name not in ('label_free', 'memory_bank', 'own_probability')
    },
    label_check=dict(type='LabelCheckHook'),
)
