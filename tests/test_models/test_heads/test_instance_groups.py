"""Heads that leave copies out of the negatives, against plain loops in float64."""

import math

import pytest
import torch

from npid_mm import losses
from npid_mm.models import ShardedMemoryBank
from npid_mm.models.heads.instance_groups import InstanceGroups
from npid_mm.models.memory_banks import sharded_memory_bank
from tests.test_models.test_heads.batch import INDEX, B, N, build, feature

GROUPS = [[3, 9, 20], [7, 39], [1, 2], [30]]
COPIES = {3: [9, 20], 0: [], 39: [7], 7: [39], 12: []}  # of the instances of the batch


def test_others_are_the_rest_of_the_group():
    others = InstanceGroups(GROUPS, N).others(INDEX)
    assert [sorted(row[row >= 0].tolist()) for row in others] == [
        COPIES[int(index)] for index in INDEX
    ]
    assert InstanceGroups([], N).others(INDEX).shape == (B, 0)


def test_exact_head_equals_a_loop(bank):
    """Value and gradient of a softmax over the rows that are not copies."""
    x, y = feature(), feature()
    head = build('ExactSoftmaxHead', temperature=0.1, groups=GROUPS)
    head.set_groups(head.groups, N)
    loss = head.loss(x, INDEX, bank)['loss']
    expected, rows = 0, bank.feature_bank
    for sample, index in zip(y, INDEX.tolist(), strict=True):
        kept = [row for row in range(N) if row not in COPIES[index]]
        logits = rows[kept] @ sample / 0.1
        expected -= (logits[kept.index(index)] - logits.logsumexp(0)) / B
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, x)[0], torch.autograd.grad(expected, y)[0])
    # the copies do not count as wrong answers
    assert loss < build('ExactSoftmaxHead', temperature=0.1).loss(x, INDEX, bank)['loss']


def test_fused_blocks_exclude_several_rows():
    """In float32 on the CPU, blocks are computed in one kernel."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(40_000, 16, generator=generator))
    query, exclude = rows[:4], torch.randint(40_000, (4, 3), generator=generator)
    exclude[:, 1], exclude[2, 2] = torch.tensor([0, 39_999, 20_000, 16_384]), -1
    found = losses.softmax_statistics(query, rows, 0.1, exclude)
    logits = query.double() @ rows.double().t() / 0.1
    for sample, row in enumerate(exclude.tolist()):
        logits[sample, [each for each in row if each >= 0]] = -math.inf
    expected = logits.logsumexp(1), logits.softmax(1) @ rows.double()
    torch.testing.assert_close(found.lse.double(), expected[0], rtol=1e-5, atol=0)
    torch.testing.assert_close(found.mean.double(), expected[1], rtol=0, atol=1e-5)


@pytest.mark.parametrize('exclude', [False, True])
@pytest.mark.parametrize('kind', ['SampledSoftmaxHead', 'NCEHead'])
def test_sampled_heads_draw_no_copies(bank, monkeypatch, kind, exclude):
    """Their loss is that of the same draws without groups."""
    drawn = []
    draw = bank.draw_negatives
    monkeypatch.setattr(
        bank, 'draw_negatives', lambda *given: drawn.append(draw(*given)) or drawn[-1]
    )
    head = build(kind, num_negatives=500, temperature=0.2, exclude_positive=exclude)
    head.set_groups(GROUPS, N)
    loss = head.loss(feature(), INDEX, bank)['loss']
    for row, index in zip(drawn[0].tolist(), INDEX.tolist(), strict=True):
        assert set(row) == set(range(N)) - set(COPIES[index]) - ({index} if exclude else set())
    plain = build(kind, num_negatives=500, temperature=0.2, exclude_positive=exclude)
    monkeypatch.setattr(bank, 'draw_negatives', lambda *given: drawn[0])
    torch.testing.assert_close(loss, plain.loss(feature(), INDEX, bank)['loss'])


def test_draws_are_uniform_over_the_rest():
    exclude = torch.tensor([[4, 0, -1], [2, 3, 10]])
    draws = losses.draw_negatives(2, 60_000, 6, exclude, torch.Generator().manual_seed(0))
    for row, rest in zip(draws, ([1, 2, 3, 5], [0, 1, 4, 5]), strict=True):
        counts = torch.bincount(row, minlength=6)
        assert counts.nonzero().flatten().tolist() == rest
        torch.testing.assert_close(counts[rest] / 15_000, torch.ones(4), atol=0.03, rtol=0)


@pytest.mark.parametrize('exclude_positive', [False, True])
def test_shards_weigh_their_draws(monkeypatch, exclude_positive):
    """Over two ranks, weights and draws count each row that is not a copy equally often."""
    index = torch.tensor([0, 3])
    copies = torch.tensor([[1, 2, 3], [0, 1, 2]])  # all rows of the first rank are copies
    monkeypatch.setattr(sharded_memory_bank, 'get_world_size', lambda: 2)
    monkeypatch.setattr(sharded_memory_bank, 'gather_batches', lambda batch: batch)
    counted = torch.zeros(2, 7, dtype=torch.float64)
    for rank in range(2):
        monkeypatch.setattr(sharded_memory_bank, 'get_dist_info', lambda rank=rank: (rank, 2))
        bank = ShardedMemoryBank(length=7, feat_dim=2, dtype='float64')
        torch.manual_seed(rank)
        drawn = bank.draw_negatives(index, 40_000, exclude_positive, copies)
        for sample in range(2):
            counts = torch.bincount(drawn.rows[sample], minlength=len(bank.feature_bank))
            counted[sample, bank.local_rows] = counts * drawn.weight[sample]
    torch.testing.assert_close(counted.sum(1), torch.full((2,), 40_000.0).double())
    for sample, own in enumerate(index.tolist()):
        rest = [4, 5, 6] if exclude_positive else sorted([own, 4, 5, 6])
        assert counted[sample].nonzero().flatten().tolist() == rest
        share = torch.full((len(rest),), 40_000 / len(rest), dtype=torch.float64)
        torch.testing.assert_close(counted[sample, rest], share, rtol=0.03, atol=0)


@pytest.mark.parametrize(
    ('groups', 'message'),
    [
        ([[0, N]], rf'groups must hold instances in \[0, {N}\), got \[0, {N}\]'),
        ([[0, 1], [1, 2]], r'groups must have no instance in common, got \[1, 2\] again'),
        ([range(N)], f'a group must leave negatives for its members, got one of all {N}'),
    ],
)
def test_wrong_groups_are_named(groups, message):
    with pytest.raises(ValueError, match=message):
        build('ExactSoftmaxHead').set_groups(groups, N)


def test_groups_must_be_set_before_a_loss(bank):
    head = build('ExactSoftmaxHead', groups='copies.csv')
    with pytest.raises(ValueError, match='head.groups are not resolved .* keep MemoryBankHook'):
        head.loss(feature(), INDEX, bank)
