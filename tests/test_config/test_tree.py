"""Walk through nested configs."""

from mmengine.config import Config

from npid_mm.config.tree import dicts, leaves, value_at, walk

CONFIG = Config(dict(a=dict(b=[1, 2]), c=[[dict(d=3)], 4], e=dict()))


def test_walk_yields_outer_values_first_and_lists_of_values_whole():
    keys = [key for key, _ in walk(CONFIG)]
    assert keys == ['', 'a', 'a.b', 'c', 'c.0', 'c.0.0', 'c.0.0.d', 'c.1', 'e']
    assert [key for key, _ in dicts(CONFIG)] == ['a', 'c.0.0', 'e']
    assert list(leaves(CONFIG.c, 'c')) == [('c.0.0.d', 3), ('c.1', 4)]


def test_a_yielded_dict_may_be_changed():
    cfg = Config(dict(a=dict(b=1, c=dict(b=1))))
    for _, place in dicts(cfg):
        place.pop('b')
    assert cfg.to_dict() == dict(a=dict(c={}))


def test_value_at_a_dotted_key():
    assert value_at(CONFIG, 'a.b') == [1, 2]
    assert value_at(CONFIG, '') is CONFIG
    for missing in ('x', 'a.x', 'a.b.x'):
        assert value_at(CONFIG, missing) is None
