"""The scope ``npid_mm``, which MMEngine gives to what a config takes from a base of this package.

For ``_base_ = 'npid_mm::...'`` it imports this file and asks for registries of that scope. The
classes of this package are in MMPretrain's registries; these here are empty and pass questions on.
"""

from mmengine.registry import Registry
from mmpretrain import registry
from mmpretrain.utils import register_all_modules

register_all_modules(init_default_scope=False)

for each in list(vars(registry).values()):
    if isinstance(each, Registry) and each.scope == 'mmpretrain':
        Registry(each.name, parent=each, scope='npid_mm', locations=['npid_mm'])
