"""Orders of images, and banks brought from one into another."""

import random

import pytest
import torch
from torchvision.datasets import ImageFolder

from npid_mm.checkpoints.convert.npid_state import BANK
from npid_mm.checkpoints.reorder_bank import image_order, reorder_bank, row_permutation
from tests.test_checkpoints import foreign


def test_a_folder_is_read_in_torchvisions_order(digits):
    root = digits / 'train'
    expected = [path for path, _ in ImageFolder(str(root)).samples]
    assert [str(root / path) for path in image_order(root)] == expected


def test_a_list_is_read_in_its_own_order_without_the_common_folder(digits):
    """The list of the digits says train/ before each path, that of ImageNet does not."""
    lines = (digits / 'train.txt').read_text().splitlines()
    expected = [line.split(' ')[0].removeprefix('train/') for line in lines]
    assert image_order(digits / 'train.txt') == expected
    assert sorted(image_order(digits / 'train')) == sorted(expected)


def test_paths_with_blanks_and_lists_without_labels(tmp_path):
    (tmp_path / 'list.txt').write_text('b/my cat.jpg 1\na/dog.jpg 0\n')
    assert image_order(tmp_path / 'list.txt') == ['b/my cat.jpg', 'a/dog.jpg']
    (tmp_path / 'list.txt').write_text('b/cat.jpg\n\na/dog.jpg\n')
    assert image_order(tmp_path / 'list.txt') == ['b/cat.jpg', 'a/dog.jpg']


def test_permutation_there_and_back():
    old = [f'{number}.jpg' for number in range(50)]
    new = random.Random(0).sample(old, 50)
    bank = torch.rand(50, 3)
    there, back = row_permutation(old, new), row_permutation(new, old)
    assert all(torch.equal(bank[there][new.index(name)], bank[old.index(name)]) for name in old)
    assert torch.equal(bank[there][back], bank)


@pytest.mark.parametrize(
    'old, new, message',
    [
        (['a', 'b', 'a'], ['a', 'b'], 'the old order names a more than once'),
        (['a', 'b'], ['b', 'a', 'b'], 'the new order names b more than once'),
        (['a', 'b'], ['a', 'c', 'd'], '1 are in the old order only, such as b and 2 are in the n'),
        (['a'], ['a', 'c'], 'same images, but 1 are in the new order only, such as c$'),
    ],
)
def test_orders_of_other_images_are_refused(old, new, message):
    with pytest.raises(ValueError, match=message):
        row_permutation(old, new)


@pytest.fixture
def orders(tmp_path):
    """Lists of 40 images in two orders."""
    names = [f'n{number % 4}/{number}.jpg 0' for number in range(40)]
    for name, lines in (('old.txt', names), ('new.txt', sorted(names))):
        (tmp_path / name).write_text('\n'.join(lines))
    return tmp_path / 'old.txt', tmp_path / 'new.txt'


def test_of_the_model_only_the_bank_changes(orders, tmp_path):
    """Also straight from a checkpoint of MMSelfSup, whose objects cannot be written again."""
    content = foreign.mmselfsup1(foreign.resnet_parts(layers=1))
    content['message_hub']['log_scalars']['loss'] = foreign.AliasMethod(2)
    source = foreign.write(content, tmp_path / 'in.pth')
    rows, moved, left = reorder_bank(source, tmp_path / 'out.pth', *orders)
    assert (rows, left) == (40, ['optimizer', 'message_hub.log_scalars.loss'])
    before, after = content['state_dict'], torch.load(tmp_path / 'out.pth')['state_dict']
    names = [path.read_text().splitlines() for path in orders]
    place = [names[0].index(name) for name in names[1]]
    assert moved == sum(old != new for new, old in enumerate(place)) > 30
    assert torch.equal(after[BANK], torch.stack([before[BANK][row] for row in place]))
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before if name != BANK)
    assert torch.load(tmp_path / 'out.pth')['message_hub']['runtime_info'] == dict(iter=7)


def test_rows_of_the_parametric_softmax_move_with_those_of_the_bank(orders, tmp_path):
    """And what else has a row an image is left out: in the old order it would pass for right."""
    parts = foreign.resnet_parts(layers=1) | {'head.weight': torch.rand(40, 16)}
    content = foreign.mmselfsup1(parts) | dict(ema_state_dict=dict(parts, steps=torch.tensor(3)))
    source = foreign.write(content, tmp_path / 'in.pth')
    _, _, left = reorder_bank(source, tmp_path / 'out.pth', *orders)
    assert left == ['optimizer', 'ema_state_dict']
    after = torch.load(tmp_path / 'out.pth')
    assert not after.keys() & {'optimizer', 'ema_state_dict'}
    names = [path.read_text().splitlines() for path in orders]
    for name in (BANK, 'head.weight'):
        rows = dict(zip(names[0], parts[name], strict=True))
        assert torch.equal(after['state_dict'][name], torch.stack([rows[n] for n in names[1]]))


def test_weight_of_another_head_stays(orders, tmp_path):
    """One that has no row an image."""
    parts = foreign.resnet_parts(layers=1) | {'head.weight': torch.rand(7, 16)}
    source = foreign.write(dict(state_dict=parts), tmp_path / 'in.pth')
    reorder_bank(source, tmp_path / 'out.pth', *orders)
    after = torch.load(tmp_path / 'out.pth')['state_dict']
    assert torch.equal(after['head.weight'], parts['head.weight'])


def test_twice_named_images_are_found_in_one_pass():
    """Each look at a name counts: over all of them for each of them takes hours on ImageNet."""

    class Name(str):
        looks = 0
        __hash__ = str.__hash__

        def __eq__(self, other):
            Name.looks += 1
            return str.__eq__(self, other)

    names = [Name(number) for number in range(1000)]
    with pytest.raises(ValueError, match='the new order names 999 more than once'):
        row_permutation(names, [*names, Name(999)])
    assert Name.looks < 10_000


def test_what_does_not_fit_is_refused(orders, tmp_path):
    out = tmp_path / 'out.pth'
    parts = foreign.resnet_parts(layers=1, rows=39)
    source = foreign.write(dict(state_dict=parts), tmp_path / 'in.pth')
    with pytest.raises(ValueError, match='has 39 rows, but the orders have 40 images: give those'):
        reorder_bank(source, out, *orders)
    with pytest.raises(ValueError, match=r'OUT is the input file, .*in\.pth: name another'):
        reorder_bank(source, source, *orders)
    with pytest.raises(FileNotFoundError, match=r'folder or list of images not found: .*no\.txt'):
        reorder_bank(source, out, tmp_path / 'no.txt', orders[1])
    with pytest.raises(FileNotFoundError, match='checkpoint not found: '):
        reorder_bank(tmp_path / 'no.pth', out, *orders)
    source = foreign.write(foreign.mmselfsup0(parts), tmp_path / 'in.pth')
    with pytest.raises(ValueError, match=r'holds no state_dict\.memory_bank\.feature_bank: give'):
        reorder_bank(source, out, *orders)
    assert not out.exists()
