"""Registries of the scope ``npid_mm``, for configs with ``_base_ = 'npid_mm::...'``.

MMEngine imports this module for such a base and looks for registries of that scope. The classes
are in MMPretrain's registries; these registries are empty and delegate to them.
"""

from mmengine.registry import Registry
from mmpretrain import registry
from mmpretrain.utils import register_all_modules

register_all_modules(init_default_scope=False)

for each in list(vars(registry).values()):
    if isinstance(each, Registry) and each.scope == 'mmpretrain':
        Registry(each.name, parent=each, scope='npid_mm', locations=['npid_mm'])
