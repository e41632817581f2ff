"""Tests of the limits on steps, depth, size and keys of a checkpoint."""

import os
import pickle
import re
from collections import OrderedDict

import pytest
import torch

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.builders import KeyChecker, StubObject
from npid_mm.checkpoints.convert.npid_state import check_bank
from npid_mm.checkpoints.limits import LARGEST, check_plain_tree, measure
from npid_mm.checkpoints.mmengine_loader import load_from_npid_mm
from npid_mm.checkpoints.stub_unpickler import STEPS
from npid_mm.checkpoints.tree import flat_values, object_paths
from tests.inputs.assembler import Call, Code, call, get, name, put, save, text
from tests.inputs.limits import limited


@pytest.mark.slow
@pytest.mark.parametrize('zipped', [True, False])
def test_a_pickle_of_too_many_steps_is_refused_in_time(zipped, tmp_path):
    path = save(Code(b'(' + b']\x94' * (STEPS // 2) + b'l'), tmp_path / 'a.pth', zipped)
    with limited(), pytest.raises(ValueError, match='it takes more than [0-9,]+ steps to read'):
        load_tensors(path)


@pytest.mark.slow
def test_a_list_of_all_images_of_imagenet_is_read(tmp_path):
    """The most that a checkpoint has been seen to hold beside tensors."""
    names = [f'train/n{i % 1000:08}/n{i:08}.JPEG' for i in range(1_281_167)]
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict={}, names=names), path)
    with limited():
        assert load_tensors(path)['names'] == names


ITEMS = b'](' + b'K\x01' * 10_000 + b'e' + put(9_000_000)
COUNTS = (
    call('collections', 'Counter')
    + b'('
    + b''.join(text(str(i)) + b'K\x01' for i in range(10_000))
    + b'u'
    + put(9_000_000)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('first', 'again'),
    [
        (ITEMS, b'0' + name('builtins', 'set') + get(9_000_000) + b'\x85R'),
        (COUNTS, b'0' + name('collections', 'Counter') + get(9_000_000) + b'\x85R'),
        (
            COUNTS,
            call('collections', 'OrderedDict') + b'}' + text('_metadata') + get(9_000_000) + b'sb0',
        ),
    ],
    ids=['a set', 'a Counter', 'metadata'],
)
def test_repeated_copies_count_each_time(first, again, tmp_path):
    path = save(Code(first + again * 1000), tmp_path / 'a.pth')
    with limited(), pytest.raises(ValueError, match='it takes more than 3,000,000 steps to read'):
        load_tensors(path)


def test_a_long_name_is_not_copied_for_each_class(tmp_path):
    """Otherwise this takes 10 GB."""
    names = text('a' * 1_000_000) + put(9_000_000) + b'0' + text('b') + put(9_000_001) + b'0'
    classes = (get(9_000_000) + get(9_000_001) + pickle.STACK_GLOBAL + b'0') * 10_000
    path = save(Code(b'\x80\x04' + names + classes + b'N'), tmp_path / 'a.pth')
    with limited(), pytest.raises(ValueError, match='name of a class has more than 1000 char'):
        load_tensors(path)


def test_depth_is_that_of_the_longest_path(tmp_path):
    """Also if the innermost lists are visited first."""
    lists = [[]]
    for _ in range(200):
        lists.append([lists[-1]])
    torch.save(lists, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='at most 100 levels of nested containers, got 202'):
        load_tensors(tmp_path / 'a.pth')


@pytest.mark.parametrize('key', ['a', b'a', 3, -(2**60) + 1, 1.5, None, True, torch.float32])
def test_plain_keys_are_allowed(key):
    keys = KeyChecker()
    assert keys.is_plain(key) and keys.is_plain((key, 'a')) and keys.is_plain(frozenset([key]))
    assert not keys.is_plain((key, StubObject())) and not keys.is_plain(StubObject)


@pytest.mark.parametrize(
    'key', [2**60, ((1,), 2), (frozenset(),), tuple(range(17)), torch.ones(1), [1], (2**61 - 1,)]
)
def test_other_keys_are_refused(key):
    with pytest.raises(pickle.UnpicklingError, match='^(a key m|keys may be 50 tuples)'):
        KeyChecker().is_plain(key)


COLLIDING = [2.0 ** (61 * i) for i in range(-16, 17)]  # all have the hash 1
assert len({hash(value) for value in COLLIDING}) == 1


@pytest.mark.slow
@pytest.mark.parametrize('kind', [tuple, frozenset])
def test_keys_with_equal_hashes_are_limited(kind, tmp_path):
    """Each is compared with all others."""
    triples = [(a, b, c) for a in COLLIDING for b in COLLIDING for c in COLLIDING]
    torch.save({kind(each): None for each in triples[:2000]}, tmp_path / 'a.pth')
    with limited(), pytest.raises(ValueError, match='keys may be 50 tuples of up to 16 values'):
        load_tensors(tmp_path / 'a.pth')
    torch.save({'a': set(triples[:2000])}, tmp_path / 'a.pth')
    with limited(), pytest.raises(ValueError, match='keys may be 50 tuples of up to 16 values'):
        load_tensors(tmp_path / 'a.pth')


LONG = 2 * (text('k' * 1_000_000) + b'\x94')  # two equal strings, memoized as 0 and 1


@pytest.mark.parametrize(
    'code',
    [
        b'}' + (b'h\x00Nsh\x01Ns') * 300_000,
        b'\x8f(' + b'h\x00h\x01' * 300_000 + b'\x90',
        call('collections', 'OrderedDict') + (b'h\x00Nsh\x01Ns') * 300_000,
    ],
    ids=['items of a dict', 'items of a set', 'items of an OrderedDict'],
)
def test_long_equal_keys_are_refused(code, tmp_path):
    """Comparing two of them takes long, and cannot be interrupted."""
    path = save(Code(b'\x80\x04' + LONG + code), tmp_path / 'a.pth')
    with limited(), pytest.raises(ValueError, match='a key may have up to 4096 characters'):
        load_tensors(path)


@pytest.mark.parametrize('number', [b'L0x' + b'f' * 2000 + b'L\n', b'I0x' + b'f' * 2000 + b'\n'])
def test_long_numbers_in_text_are_refused(number, tmp_path):
    path = save(Code(number), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='an integer of 200[0-9] digits'):
        load_tensors(path)


def test_entries_whose_keys_are_objects_are_left_out(tmp_path):
    """They could not be written again."""
    content = {Call(os.system): 1, 'a': OrderedDict({Call(os.system): {}, 'b': 2})}
    path = save(content, tmp_path / 'a.pth')
    assert load_tensors(path) == dict(a=dict(b=2))


def test_a_tensor_may_be_larger_than_its_storage_up_to_a_limit(tmp_path):
    wide = torch.ones(1).expand(1000, 1000)
    torch.save(wide, tmp_path / 'a.pth')
    assert torch.equal(load_tensors(tmp_path / 'a.pth'), wide)
    torch.save(torch.ones(1).expand(5000, 5000), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='its tensors have 100,000,000 bytes, more than the 67,1'):
        load_tensors(tmp_path / 'a.pth')


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / 'a.pth')
    with pytest.raises(FileNotFoundError, match=r'must be a file, not a pipe or .*a\.pth'):
        load_tensors(tmp_path / 'a.pth')


def test_measures_equal_those_of_a_recursion():
    """It visits everything as often as it is reached."""

    def depth(value):
        inside = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inside), default=0) if isinstance(value, (list, dict)) else 0

    def size(value):
        inside = value.values() if isinstance(value, dict) else value
        return 1 + (sum(map(size, inside)) if isinstance(value, (list, dict)) else 0)

    shared = [1, [2, {}]]
    content = dict(a=shared, b=[shared, [shared, 3]], c={})
    extent = measure(content, {})
    # around the content there is the measure itself
    assert (extent.depth, extent.size) == (depth(content), 1 + size(content))
    assert not extent.is_cyclic and not extent.has_object
    content['c']['d'] = [content]
    assert measure(content, {}).is_cyclic
    assert measure([object], {}).has_object


def test_exponentially_repeated_containers_are_refused(tmp_path):
    twice = [1]
    for _ in range(60):
        twice = [twice, twice]
    with pytest.raises(ValueError, match=f'more than {LARGEST:,} values'):
        check_plain_tree(twice)
    torch.save(dict(state_dict=dict(a=torch.ones(1)), optimizer=twice), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'cannot load .*a\.pth: the checkpoint repeats its parts'):
        load_from_npid_mm(str(tmp_path / 'a.pth'))


def test_a_list_under_many_keys_is_visited_once():
    """Otherwise this takes 4e8 visits."""
    items = list(range(20_000))
    content = {str(i): items for i in range(20_000)} | dict(objects=[[items, object]])
    with limited():
        assert object_paths(content) == [('objects',)]


def test_names_that_are_too_long_together_are_refused():
    with pytest.raises(ValueError, match='at most 100,000,000 characters together'):
        flat_values({'_' * 100_000: list(range(2000))})


META = dict(epoch=1, iter=4)


@pytest.mark.parametrize(
    ('meta', 'message'),
    [
        (dict(iter='4'), "its meta['iter'] must be an integer from 0 to 9007199254740991, got '4'"),
        (dict(iter=-1), 'got -1'),
        (dict(epoch=[1]), "its meta['epoch'] must be an integer"),
        (dict(epoch=True), 'got True'),
        (dict(seed=2**32), "its meta['seed'] must be an integer from 0 to 4294967295"),
    ],
)
def test_numbers_of_the_meta(meta, message, tmp_path):
    content = dict(state_dict=dict(a=torch.ones(1)), meta=META | meta)
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=re.escape(message)):
        load_from_npid_mm(str(tmp_path / 'a.pth'))


@pytest.mark.parametrize('bare', [True, False])
def test_the_text_of_a_config_does_not_reach_mmengine(bare, tmp_path):
    """Its Runner parses ``meta['config']`` when it resumes, also beside bare weights."""
    network = dict(weight=torch.ones(1))
    content = (network if bare else dict(state_dict=network)) | dict(
        meta=META | dict(config='import os', cfg='model = 1'), message_hub=dict(runtime_info={1: 2})
    )
    torch.save(content, tmp_path / 'a.pth')
    loaded = load_from_npid_mm(str(tmp_path / 'a.pth'))
    if bare:
        assert loaded == network
    else:
        assert loaded['meta'] == META | dict(cfg='model = 1')
        assert loaded['message_hub'] == dict(runtime_info={})


def test_names_of_weights_are_strings(tmp_path):
    torch.save(dict(state_dict={3: torch.ones(1)}), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='the names of weights must be strings, got 3 among them'):
        load_from_npid_mm(str(tmp_path / 'a.pth'))


def test_only_the_versions_of_modules_are_kept_of_the_metadata(tmp_path):
    """Torch needs them to load batch norms."""
    network = torch.nn.BatchNorm1d(2)
    state = network.state_dict()
    state.note = 'not a part'
    state._metadata['harm'] = dict(version='text')
    torch.save(state, tmp_path / 'a.pth')
    loaded = load_tensors(tmp_path / 'a.pth')
    assert loaded._metadata == {'': {'version': 2}} and not hasattr(loaded, 'note')


@pytest.mark.parametrize(
    ('bank', 'got'),
    [
        (torch.ones(7), r'\(7,\) of torch.float32'),
        (torch.ones(7, 2).int(), r'\(7, 2\) of torch.int32'),
        ('text', "'text'"),
    ],
)
def test_a_bank_is_rows_of_features(bank, got):
    with pytest.raises(ValueError, match=rf'rows \(N, D\), got {got}'):
        check_bank(bank)
