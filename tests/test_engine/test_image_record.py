"""Names of images in checkpoints: stored, compared and reordered."""

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from npid_mm.checkpoints.convert.npid_state import BANK, IMAGES
from npid_mm.checkpoints.publish import publish
from npid_mm.checkpoints.reorder_bank import reorder_bank
from npid_mm.datasets.image_names import pack_names, unpack_names
from npid_mm.engine.image_record import ImageRecord, compare_images
from tests.toy import digits_config


def config(digits, work_dir, lines, epochs=1):
    """A training on the images of a list."""
    cfg = digits_config(digits, work_dir, images=len(lines), epochs=epochs)
    work_dir.mkdir(exist_ok=True)
    (work_dir / 'list.txt').write_text('\n'.join(lines))
    cfg.train_dataloader.dataset.dataset.update(ann_file=str(work_dir / 'list.txt'), indices=None)
    cfg.default_hooks.memory_bank.knn_interval = 0
    cfg.train_cfg.val_interval = 10
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


@pytest.fixture(scope='module')
def lines(digits):
    return (digits / 'train.txt').read_text().splitlines()[::20][:32]


@pytest.fixture(scope='module')
def trained(digits, lines, tmp_path_factory):
    """A checkpoint of one epoch."""
    folder = tmp_path_factory.mktemp('trained')
    Runner.from_cfg(config(digits, folder, lines)).train()
    return folder / 'epoch_1.pth'


def resume(digits, work_dir, lines, checkpoint, **hook):
    cfg = config(digits, work_dir, lines, epochs=2)
    cfg.update(resume=True, load_from=str(checkpoint))
    cfg.default_hooks.memory_bank.update(hook)
    Runner.from_cfg(cfg).train()


def names(lines):
    return [line.rpartition(' ')[0].removeprefix('train/') for line in lines]


@pytest.mark.slow
def test_a_checkpoint_keeps_the_list_of_its_images(trained, lines, tmp_path):
    """And a published one does not: names of images may be private."""
    content = torch.load(trained, weights_only=True)
    assert unpack_names(content[IMAGES], 32) == names(lines)
    path, left = publish(trained, tmp_path / 'npid')
    assert IMAGES in left and IMAGES not in torch.load(path, weights_only=True)


@pytest.mark.slow
def test_another_order_is_refused_and_can_be_reordered(digits, trained, lines, tmp_path):
    """The checkpoint knows the order of its rows; the reordered one is resumed."""
    swapped = [*lines[:3], lines[7], *lines[4:7], lines[3], *lines[8:]]
    with pytest.raises(ValueError) as caught:
        resume(digits, tmp_path / 'swapped', swapped, trained)
    there, here = names(lines)[3], names(lines)[7]
    for part in (
        f'the memory bank of {trained} has its rows in another order',
        f'the first difference is row 3: {there} in the checkpoint, {here} now',
        f'npid convert reorder-bank {trained} OUT --new LIST',
        'npid convert check-bank-order',
    ):
        assert part in str(caught.value)
    out = tmp_path / 'reordered.pth'
    assert reorder_bank(trained, out, None, tmp_path / 'swapped/list.txt')[:2] == (32, 2)
    before, after = (torch.load(path, weights_only=True) for path in (trained, out))
    assert torch.equal(before['state_dict'][BANK][3], after['state_dict'][BANK][7])
    assert unpack_names(after[IMAGES], 32) == names(swapped)
    cfg = config(digits, tmp_path / 'loaded', swapped)
    cfg.load_from = str(out)
    Runner.from_cfg(cfg).train()


@pytest.mark.slow
def test_a_test_against_the_bank_needs_its_images_too(digits, trained, lines, tmp_path):
    """Their labels are those of the rows."""
    for folder, images in (('same', lines), ('swapped', [lines[1], lines[0], *lines[2:]])):
        cfg = config(digits, tmp_path / folder, images)
        cfg.load_from = str(trained)
        cfg.test_dataloader.dataset.indices = 8
        cfg.test_cfg = dict(type='KNNTestLoop', reference='bank', k=5)
        if images == lines:
            assert Runner.from_cfg(cfg).test()
            continue
        with pytest.raises(ValueError, match='rows in another order .* row 0: .* give the list'):
            Runner.from_cfg(cfg).test()


@pytest.mark.slow
@pytest.mark.parametrize('resumed', [True, False], ids=['resume', 'load_from'])
def test_other_images_of_the_same_number_are_refused(digits, trained, lines, tmp_path, resumed):
    other = [*lines[:9], (digits / 'train.txt').read_text().splitlines()[1], *lines[10:]]
    cfg = config(digits, tmp_path, other, epochs=2)
    cfg.update(resume=resumed, load_from=str(trained))
    with pytest.raises(ValueError) as caught:
        Runner.from_cfg(cfg).train()
    for part in (
        f'row 9: {names(lines)[9]} in the checkpoint, {names(other)[9]} now; 1 of its 32',
        '1 of the 32 current ones are new',
        'npid convert extract-backbone',
    ):
        assert part in str(caught.value)


@pytest.mark.slow
def test_the_check_can_be_left_out(digits, trained, lines, tmp_path):
    """Files that were renamed, and checkpoints of earlier versions."""
    swapped = [lines[1], lines[0], *lines[2:]]
    resume(digits, tmp_path / 'unchecked', swapped, trained, check_images=False)
    content = torch.load(trained, weights_only=True)
    del content[IMAGES]
    torch.save(content, tmp_path / 'old.pth')
    resume(digits, tmp_path / 'old', swapped, tmp_path / 'old.pth')


@pytest.mark.parametrize(
    ('saved', 'present', 'message'),
    [
        ('abc', 'ab', r'row 2: c in the checkpoint, none now; 1 of its 3 .* 0 of the 2 current'),
        ('ab', 'abc', 'row 2: none in the checkpoint, c now; 0 of its 2'),
        ('aab', 'abb', 'belongs to other images .*row 1: a in the checkpoint, b now'),
        ('ab', 'ba', 'in another order .*row 0: a in the checkpoint, b now'),
    ],
)
def test_the_first_difference_is_named(saved, present, message):
    compare_images(saved, saved, 'x.pth')
    with pytest.raises(ValueError, match=message):
        compare_images(saved, present, 'x.pth')


class Listed(list):
    """Paths, as MMEngine's data sets describe their images."""

    def get_data_info(self, index):
        return dict(img_path=self[index])


def test_a_checkpoint_without_a_bank_is_not_compared():
    record = ImageRecord(Listed(['a/x.jpg', 'a/y.jpg']))
    checkpoint = {IMAGES: pack_names(['x.jpg', 'z.jpg']), 'state_dict': {}}
    record.check(checkpoint, 'x.pth')
    checkpoint['state_dict'][BANK] = torch.ones(2, 1)
    with pytest.raises(ValueError, match='row 1: z.jpg in the checkpoint, y.jpg now'):
        record.check(checkpoint, 'x.pth')
    checkpoint[IMAGES] = 'no list'
    with pytest.raises(ValueError, match='the list of images in the checkpoint is damaged'):
        record.check(checkpoint, 'x.pth')


def test_repeated_images_of_a_bank_that_is_there_are_a_warning(capsys):
    """A trained bank has a row for each; a new bank is refused."""
    MMLogger.get_instance('repeated', logger_name='repeated')
    ImageRecord(Listed(['x.jpg', 'x.jpg']), trained=True)
    said = capsys.readouterr()
    assert 'WARNING - the training set must have each image once' in said.out + said.err
    with pytest.raises(ValueError, match='1 of its 2 samples repeat an earlier one'):
        ImageRecord(Listed(['x.jpg', 'x.jpg']))
