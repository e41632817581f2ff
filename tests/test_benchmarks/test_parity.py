"""The comparison with MMSelfSup: correct records, and detection of every difference."""

import copy
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmpretrain.registry import MODELS
from PIL import Image
from torch.nn.functional import cross_entropy, normalize

from tests.toy import ROOT, npid_config

TEMPERATURE, MOMENTUM, LENGTH = 0.2, 0.3, 10


@pytest.fixture(scope='module')
def parity():
    """The modules of benchmarks/parity, which import each other as scripts."""
    names = ('compare', 'ours', 'photographs', 'side')
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'benchmarks/parity')
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    for name in names:
        del sys.modules[name]


@pytest.fixture(scope='module')
def played_once(parity):
    """Model and negatives before, and the record of a step and of a training of two."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    head = dict(type='SampledSoftmaxHead', num_negatives=12, temperature=TEMPERATURE)
    config = npid_config(head, length=LENGTH, momentum=MOMENTUM)
    config['backbone'] = {**config['backbone'], 'norm_cfg': dict(type='BN')}
    config['data_preprocessor'] = dict(
        type='SelfSupDataPreprocessor', mean=[128.0] * 3, std=[64.0] * 3
    )
    model = MODELS.build(config)
    before = copy.deepcopy(model)
    replay = [torch.randint(LENGTH, (4 * 12,)) for _ in range(3)]
    views = torch.randint(256, (3, 4, 3, 16, 16), dtype=torch.uint8)
    batches = [parity.ours.collate(each, torch.arange(4)) for each in views]
    sgd = dict(optimizer=dict(type='SGD', lr=0.01))
    record = parity.side.play(model, batches, parity.ours.tap, sgd, replay)
    return SimpleNamespace(model=before, replay=replay, views=views, record=record)


@pytest.fixture
def played(played_once):
    """A copy, which the tests modify."""
    return copy.deepcopy(played_once)


def test_a_step_is_recorded_with_the_negatives_of_the_other_side(played):
    """Compared with the dense formula."""
    step, before = played.record['step, float32'], played.model.memory_bank.feature_bank
    model = played.model.train()
    feature = model.embed((played.views[0].float() - 128) / 64)
    torch.testing.assert_close(step['embeddings, training'], feature.detach())

    rows = before[played.replay[0].view(4, 12)]
    positive = (before[:4] * feature).sum(1, keepdim=True)
    logits = torch.cat([positive, torch.einsum('bmd,bd->bm', rows, feature)], dim=1)
    loss = cross_entropy(logits / TEMPERATURE, torch.zeros(4, dtype=torch.long))
    torch.testing.assert_close(step['loss'], loss.detach())
    loss.backward()
    gradients = {name: weight.grad for name, weight in model.named_parameters()}
    torch.testing.assert_close(step['gradients'], gradients)

    after = before.clone()
    after[:4] = normalize((1 - MOMENTUM) * before[:4] + MOMENTUM * feature.detach())
    torch.testing.assert_close(step['bank after the update'], after)
    assert all(map(torch.equal, played.record['negatives'], played.replay))


def test_training_is_in_float64_and_starts_where_the_step_started(played):
    training = played.record['training, float64']
    assert {value.dtype for value in training['parameters'].values()} == {torch.float64}
    assert training['losses'].shape == (2,) and training['losses'].dtype == torch.float64
    first = training['banks'][0]
    untouched = played.model.memory_bank.feature_bank[4:].double()
    torch.testing.assert_close(first[4:], untouched, rtol=0, atol=0)
    start = dict(played.model.named_parameters())
    assert any((value != start[name]).any() for name, value in training['parameters'].items())


def test_equal_records_agree(parity, played):
    rows = parity.compare.compare(played.record, copy.deepcopy(played.record))
    assert all(row.agrees and row.absolute == row.relative == 0 for row in rows)
    assert {row.bound for row in rows} == {1e-5, 1e-6}
    count = sum(weight.numel() for weight in played.model.parameters())
    assert {row.quantity: row.count for row in rows}['step, float32: gradients'] == count


def disagreeing(parity, played, change):
    """Quantities that disagree after a change of our record."""
    other = copy.deepcopy(played.record)
    change(other)
    rows = parity.compare.compare(other, played.record)
    return [row.quantity for row in rows if not row.agrees]


def test_a_bank_of_the_other_momentum_convention_disagrees(parity, played):
    def swap(record):
        before = played.model.memory_bank.feature_bank
        feature = record['step, float32']['embeddings, training']
        rows = normalize(MOMENTUM * before[:4] + (1 - MOMENTUM) * feature)
        record['step, float32']['bank after the update'][:4] = rows

    assert disagreeing(parity, played, swap) == ['step, float32: bank after the update']


def test_one_wrong_number_among_all_gradients_disagrees(parity, played):
    def nudge(record):
        record['step, float32']['gradients']['backbone.conv1.weight'][0, 0, 0, 0] += 2e-5

    assert disagreeing(parity, played, nudge) == ['step, float32: gradients']


def test_only_float32_gradients_may_differ_by_twice_the_rounding_of_the_peer(parity, played):
    """And by no more than 1e-4, however coarsely the peer rounds."""
    name = 'backbone.conv1.weight'
    size = played.record['step, float64']['gradients'][name].abs().max()
    for part in (
        'step, float32',
        'step, float64',
    ):  # so that absolute and relative differences are equal
        played.record[part]['gradients'][name] /= size

    def move(part, by):
        def change(record):
            record[part]['gradients'][name].view(-1)[0] += by

        return change

    move('step, float32', 4e-5)(played.record)  # the peer is rounded up, ours down
    assert disagreeing(parity, played, move('step, float32', -7e-5)) == []
    assert disagreeing(parity, played, move('step, float32', -9e-5)) == ['step, float32: gradients']
    assert disagreeing(parity, played, move('step, float64', 3e-5)) == ['step, float64: gradients']
    move('step, float32', 1e-2)(played.record)
    assert disagreeing(parity, played, move('step, float32', -9e-5)) == []
    assert disagreeing(parity, played, move('step, float32', -2e-4)) == ['step, float32: gradients']


def test_a_small_tensor_is_measured_by_its_own_size(parity, played):
    """A wrong but small gradient would pass an absolute bound alone."""

    def double(record):
        record['training, float64']['parameters']['neck.fc.bias'] *= 2

    played.record['training, float64']['parameters']['neck.fc.bias'].fill_(1e-9)
    assert disagreeing(parity, played, double) == ['training, float64: parameters']


def test_a_nan_disagrees(parity, played):
    def spoil(record):
        record['training, float64']['parameters']['backbone.conv1.weight'][0] = torch.nan

    assert disagreeing(parity, played, spoil) == ['training, float64: parameters']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda step: step.pop('loss'), r"step, float32: only one side has \['loss'\]"),
        (
            lambda step: step['gradients'].pop('neck.fc.bias'),
            r"gradients: only one side has \['neck.fc.bias'\]",
        ),
        (lambda step: step['gradients'].clear(), 'gradients: only one side has'),
        (
            lambda step: step.update(loss=step['loss'].double()),
            r'loss: loss is \(\) torch.float32 here, but \(\) torch.float64 there',
        ),
    ],
)
def test_records_that_do_not_match_are_refused(parity, played, change, message):
    other = copy.deepcopy(played.record)
    change(other['step, float32'])
    with pytest.raises(ValueError, match=message):
        parity.compare.compare(played.record, other)


def test_nothing_to_compare_is_refused(parity):
    with pytest.raises(ValueError, match='gradients: neither side recorded any'):
        parity.compare.difference('gradients', {}, {})


def test_only_the_alias_table_may_stay_behind(parity):
    table = ['memory_bank.multinomial.alias', 'memory_bank.multinomial.prob']
    keys = dict(used=3, missing=[], left=table)
    assert parity.compare.misfits(keys) == []
    keys = dict(used=3, missing=['neck.fc.bias'], left=[*table, 'neck.fc.b'])
    assert parity.compare.misfits(keys) == ['neck.fc.b', 'neck.fc.bias']


def test_images_have_their_size_and_a_batch_has_none_twice(parity, tmp_path):
    side = parity.side
    parity.photographs.write_images(tmp_path, seed=0)
    lines = (tmp_path / 'meta/train.txt').read_text().splitlines()
    assert len(lines) == side.INSTANCES
    for line in lines:
        with Image.open(tmp_path / 'train' / line.split()[0]) as image:
            assert image.mode == 'RGB' and image.size == (parity.photographs.EDGE,) * 2
    batches = torch.load(tmp_path / 'batches.pt')
    assert len(batches) == 1 + side.STEPS
    for batch in batches:
        assert batch['views'].shape == (side.BATCH, 3, side.VIEW, side.VIEW)
        assert len(batch['index'].unique()) == side.BATCH
        assert 0 <= batch['index'].min() and batch['index'].max() < side.INSTANCES


def test_the_message_of_a_failed_side_is_shown(parity, monkeypatch, tmp_path):
    (tmp_path / 'side.py').write_text("raise SystemExit('no mmselfsup')")
    monkeypatch.setattr(parity.compare, 'HERE', tmp_path)
    with pytest.raises(SystemExit, match='(?s)no mmselfsup.*side.py write ended with 1'):
        parity.compare.run_side(sys.executable, 'side.py', 'write')


def test_a_difference_is_the_exit_status(parity, monkeypatch, played, capsys):
    """From the records of both sides to the table and the status, without the peer."""
    table = sorted(parity.compare.ALIAS_TABLE)

    def leave(record):
        def run_side(python, script, task, folder, own, other, *options):
            own = Path(folder) / own
            own.mkdir(exist_ok=True)
            keys = dict(used=3, missing=[], left=table)
            content = record if own.name == 'peer' else played.record
            torch.save(dict(content, keys=keys, versions='1'), own / f'{task}.pt')

        monkeypatch.setattr(parity.compare, 'run_side', run_side)

    monkeypatch.setattr(parity.compare, 'write_images', lambda *args: None)
    monkeypatch.setattr(sys, 'argv', ['compare.py', '--peer-python', 'python', '--depths', '18'])
    leave(played.record)
    parity.compare.main()
    assert 'DIFFERS' not in capsys.readouterr().out

    other = copy.deepcopy(played.record)
    other['training, float64']['banks'][1, 0] *= -1
    leave(other)
    with pytest.raises(
        SystemExit, match='ResNet-18, checkpoint of MMSelfSup.*training, float64: banks'
    ):
        parity.compare.main()
    assert 'DIFFERS' in capsys.readouterr().out
