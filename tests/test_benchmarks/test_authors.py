"""The authors' loop in today's torch, and its comparison with ours."""

import pytest
import torch
from torch.nn.functional import normalize

from npid_mm.losses import exact_softmax_loss, nce_loss

TEMPERATURE = 0.1


@pytest.fixture(scope='module')
def authors(script):
    return script('authors')


@pytest.mark.parametrize('negatives', [0, 5])
def test_the_loss_is_ours_and_the_update_keeps_the_old_row_s_share(authors, negatives):
    """NCE differs by the authors' eps, of which ours has none."""
    torch.manual_seed(0)
    bank = authors.Bank(20, 8, TEMPERATURE, 0.7, negatives)
    bank.rows = normalize(bank.rows)
    feature, index = normalize(torch.randn(4, 8)), torch.tensor([3, 0, 9, 3])
    state = torch.get_rng_state()
    loss = bank.loss(feature, index)
    if negatives:
        torch.set_rng_state(state)
        drawn = torch.randint(20, (4, negatives))
        ours = nce_loss(feature, bank.rows, index, drawn, TEMPERATURE, bank.z)
    else:
        ours = exact_softmax_loss(feature, bank.rows, index, TEMPERATURE)
    assert loss == pytest.approx(ours.item(), rel=1e-5)

    before = bank.rows.clone()
    bank.update(feature, index)
    assert torch.allclose(bank.rows[9], normalize(0.7 * before[9] + 0.3 * feature[2], dim=0))
    assert torch.equal(bank.rows[1], before[1])


@pytest.mark.slow
def test_both_loops_train_on_the_same_images(authors, tiny_cifar10, tmp_path, monkeypatch, capsys):
    options = ['--seeds', '1', '--epochs', '2', '--workers', '0', '--rows', 'NCE, m = 400']
    paths = ['--images', str(tiny_cifar10), '--work-dir', str(tmp_path / 'work')]
    monkeypatch.setattr('sys.argv', ['authors.py', *options, *paths])
    monkeypatch.setitem(authors.ROWS, 'NCE, m = 400', ('NCE, m = 10', 1))
    authors.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith('| NCE, m = 400')]
    assert [row.split(' | ')[1] for row in rows] == ['the authors', 'ours']
    assert len(list((tmp_path / 'work').glob('*.json'))) == 2

    # finished runs are read
    monkeypatch.setattr(authors, 'ours', None)
    monkeypatch.setattr(authors, 'theirs', None)
    authors.main()
    assert rows == [each for each in capsys.readouterr().out.splitlines() if each in rows]
