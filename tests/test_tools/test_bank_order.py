"""Check and change the order of a memory bank with the tools, on the digits."""

import random

import pytest
import torch

from npid_mm.checkpoints.convert.npid_state import BANK
from tests.probes import POOLED, PREPROCESSOR
from tests.toy import digits_config, npid_config

pytestmark = pytest.mark.slow

CHECK, REORDER = '../model_converters/check_bank_order.py', '../model_converters/reorder_bank.py'


@pytest.fixture(scope='module')
def trained(digits, pretrained, tmp_path_factory):
    """Return config file and checkpoint of a training on all digits."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = digits_config(digits, folder)
    npid = npid_config(dict(type='ExactSoftmaxHead', temperature=0.2))
    cfg.model = npid | dict(backbone=POOLED['backbone'], data_preprocessor=PREPROCESSOR)
    cfg.test_cfg.reference.dataset.indices = None
    cfg.dump(folder / 'config.py')
    return folder / 'config.py', pretrained


def shuffled(digits, path, within_classes):
    """Write the training list in another order."""
    lines = (digits / 'train.txt').read_text().splitlines()
    draw = random.Random(0)
    lines.sort(key=lambda line: (line.split()[1] if within_classes else '', draw.random()))
    path.write_text('\n'.join(lines))
    return path


def bank(path):
    return torch.load(path)['state_dict'][BANK]


@pytest.mark.parametrize('within_classes', [True, False], ids=['in each class', 'all'])
def test_a_shuffled_list_is_detected_and_the_bank_reordered_to_it(
    within_classes, run, digits, trained, tmp_path
):
    """Also if each row belongs to another image of the same class."""
    config, checkpoint = trained
    code, text = run(CHECK, config, checkpoint)
    assert code == 0, text
    assert 'right: in each part the images are most similar to their own rows' in text
    assert text.count('images ') == 6 and 'images 0 to 288: cosine 0.' in text

    other = shuffled(digits, tmp_path / 'other.txt', within_classes)
    option = f'test_cfg.reference.dataset.ann_file={other}'
    code, text = run(CHECK, config, checkpoint, '--cfg-options', option)
    assert code == 1 and 'wrong: from image 0 on, images are not more similar' in text

    moved = tmp_path / 'moved.pth'
    code, text = run(REORDER, checkpoint, moved, '--old', digits / 'train.txt', '--new', other)
    assert code == 0 and ' of 1,442 rows moved' in text
    assert not torch.equal(bank(moved), bank(checkpoint))
    code, text = run(CHECK, config, moved, '--cfg-options', option)
    assert code == 0, text

    # and back, into the order of torchvision
    back = tmp_path / 'back.pth'
    code, text = run(REORDER, moved, back, '--old', other, '--new', digits / 'train')
    assert code == 0
    assert torch.equal(bank(back), bank(checkpoint))


def test_an_extra_row_is_detected_from_there_on(run, trained, tmp_path):
    """One list may have an image that the other lacks."""
    config, checkpoint = trained
    content = torch.load(checkpoint)
    rows = content['state_dict'][BANK]
    content['state_dict'][BANK] = torch.cat([rows[:700], rows[:1], rows[700:-1]])
    torch.save(content, tmp_path / 'moved.pth')
    code, text = run(CHECK, config, tmp_path / 'moved.pth')
    assert code == 1 and 'wrong: from image 578 on' in text
    last = text.splitlines()[-2]
    assert last.startswith('images 1,156 to 1,441') and 'with the row +1, -' in last


def test_a_bank_that_cannot_be_checked_is_explained(run, digits, trained, tmp_path):
    config, checkpoint = trained
    code, text = run(CHECK, config, tmp_path / 'no.pth')
    assert code == 2 and 'error: checkpoint not found: ' in text
    code, text = run(CHECK, config, checkpoint, '--images', 49)
    assert code == 2 and 'images must be at least 50, got 49' in text
    option = 'test_cfg.reference.dataset.indices=100'
    code, text = run(CHECK, config, checkpoint, '--cfg-options', option)
    assert code == 2 and 'the bank has 1,442 rows, but the data set has 100 images' in text
    code, text = run(CHECK, config, checkpoint, '--cfg-options', 'test_cfg.reference=bank')
    # train_dataloader is used instead, which has few images here
    assert code == 2 and 'the bank has 1,442 rows, but the data set has 64 images' in text
    code, text = run(CHECK, config, checkpoint, '--cfg-options', 'model.backbone.depth=34')
    assert code == 2 and 'does not fit the model of the config: 80 missing' in text
    content = torch.load(checkpoint)
    del content['state_dict'][BANK]
    torch.save(content, tmp_path / 'in.pth')
    code, text = run(CHECK, config, tmp_path / 'in.pth')
    assert code == 2 and '1 missing: memory_bank.feature_bank: give its own config and' in text
