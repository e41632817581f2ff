# The runtime of pretraining, without its memory bank
_base_ = '../../../selfsup/_base_/default_runtime.py'

default_hooks = dict(
    _delete_=True,
    **{name: hook for name, hook in _base_.default_hooks.items() if name != 'memory_bank'},
)
