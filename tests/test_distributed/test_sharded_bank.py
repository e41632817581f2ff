"""Bank sharded over two and three ranks against the full bank in one process."""

import pytest
import torch

from npid_mm.evaluation import leave_one_out_knn
from npid_mm.losses import softmax_statistics
from npid_mm.models import MemoryBank
from tests.test_distributed.sharded_work import (
    BATCH,
    DRAWS,
    LOG_NOISE,
    ROWS,
    TEMPERATURE,
    global_batch,
    labels,
)
from tests.test_distributed.training import HEADS, LENGTH, train
from tests.toy import unit_rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('head', HEADS)
def test_shards_equal_one_process(ranks, head):
    """Losses, gradients, weights, the full bank, Z and drift after steps with repeated rows."""
    one = train(head)
    for rank, result in enumerate(ranks):
        got = result['heads'][head]
        assert (ROWS in got['state']) == (rank == 0)
        whole = dict(got, state={ROWS: one['state'][ROWS], **got['state']})
        torch.testing.assert_close(whole, one, rtol=1e-5, atol=1e-9)


def test_the_seed_gives_the_bank_of_one_process_in_even_slices(ranks):
    torch.manual_seed(0)
    bank = MemoryBank(length=LENGTH, feat_dim=8, dtype='float64').feature_bank
    parts = [result['statistics'][False] for result in ranks]
    assert torch.equal(torch.cat([part['shard'] for part in parts]), bank)
    assert torch.equal(parts[0]['full'], bank) and parts[1]['full'] is None
    _, index = global_batch(len(ranks))
    assert torch.equal(torch.cat([part['rows'] for part in parts]), bank[index])
    sizes = [len(part['shard']) for part in parts]
    assert max(sizes) == -(-LENGTH // len(ranks)) and max(sizes) - min(sizes) == 1
    for part in parts:
        assert torch.equal(part['shard'], bank[part['local_rows']])
        # the rows are not a view of a larger storage
        assert part['shard'].untyped_storage().nbytes() == part['shard'].nbytes


def test_half_bank_and_a_step_that_leaves_ranks_untouched(ranks):
    """A rank without local rows in a batch keeps its rows bit-identical."""
    torch.manual_seed(0)
    bank = MemoryBank(length=LENGTH, feat_dim=8, dtype='bfloat16')
    for result in ranks:
        assert torch.equal(result['half'][0], bank.feature_bank.float())
    feature = torch.cat([unit_rows(2, 8, seed=rank) for rank in range(len(ranks))])
    bank.update(feature, torch.tensor([0, 1] * len(ranks)))
    assert torch.equal(ranks[0]['half'][1], bank.feature_bank)


def plain(kind, logits, rows, weight):
    """Float64 formulas over the draws of one sample, each counting ``weight`` times."""
    if kind == 'sampled':
        exponential = weight * logits.exp()
        share = exponential / exponential.sum()
        return exponential.sum().log(), share @ rows
    posterior = 1 / (1 + (LOG_NOISE - logits).exp())
    return -(weight * (1 - posterior).log()).sum(), (weight * posterior) @ rows


@pytest.mark.parametrize('exclude', [False, True])
def test_sampled_statistics_equal_the_formula_over_the_draws_of_all_ranks(ranks, exclude):
    """Each rank's statistics, from all negatives that the ranks drew for it."""
    parts = [result['statistics'][exclude] for result in ranks]
    bank = parts[0]['full']
    feature, _ = global_batch(len(ranks))
    for sample, query in enumerate(feature):
        drawn = torch.cat([part['drawn'][sample] for part in parts])
        weight = torch.cat([part['weight'][sample].expand(part['drawn'].size(1)) for part in parts])
        logits = bank[drawn] @ query / TEMPERATURE
        rank, position = divmod(sample, BATCH)
        for kind in ('sampled', 'nce'):
            got = [value[position] for value in parts[rank][kind]]
            expected = plain(kind, logits, bank[drawn], weight)
            torch.testing.assert_close(got, list(expected), rtol=1e-10, atol=1e-12)


def test_z_equals_the_formula_over_the_draws_of_all_ranks(ranks):
    parts = [result['statistics'][False] for result in ranks]
    bank, (feature, _) = parts[0]['full'], global_batch(len(ranks))
    for rank, part in enumerate(parts):
        own = slice(rank * BATCH, (rank + 1) * BATCH)
        terms = 0
        for each in parts:
            logits = torch.einsum('bmd,bd->bm', bank[each['drawn'][own]], feature[own])
            terms += (each['weight'][own, None] * (logits / TEMPERATURE).exp()).sum()
        expected = LENGTH * terms / (BATCH * DRAWS)
        torch.testing.assert_close(part['z'], expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize('exclude', [False, True])
def test_draws_of_all_ranks_have_the_expectation_of_a_uniform_draw(ranks, exclude):
    """M_r sum to M; every candidate row is expected M / n times, the own one never."""
    parts = [result['statistics'][exclude] for result in ranks]
    _, index = global_batch(len(ranks))
    shares = [part['drawn'].size(1) for part in parts]
    assert sum(shares) == DRAWS
    for part, share in zip(parts, shares, strict=True):
        rows = torch.arange(LENGTH)[part['local_rows']]
        assert abs(share - DRAWS * len(rows) / LENGTH) < 1
        assert torch.isin(part['drawn'], rows).all()
        excluded = torch.isin(index, rows) & exclude
        expected = part['weight'] * share / (len(rows) - excluded.double())
        torch.testing.assert_close(
            expected, torch.full_like(expected, DRAWS / (LENGTH - exclude)), rtol=1e-12, atol=0
        )
    own = torch.cat([part['drawn'] == index[:, None] for part in parts], 1)
    assert own.any() != exclude


def test_exact_statistics_equal_those_of_the_full_bank(ranks):
    parts = [result['statistics'][False] for result in ranks]
    feature, index = global_batch(len(ranks))
    whole = softmax_statistics(feature, parts[0]['full'], TEMPERATURE, index)
    for i in range(2):
        got = torch.cat([part['softmax'][i] for part in parts])
        torch.testing.assert_close(got, whole[i], rtol=1e-10, atol=1e-12)


def test_bank_knn_equals_that_of_the_full_bank(ranks):
    parts = [result['statistics'][False] for result in ranks]
    bank = parts[0]['full']
    expected = [leave_one_out_knn(bank, labels(), k, queries=torch.arange(12)) for k in (3, 99)]
    assert [part['knn'] for part in parts] == [expected] * len(parts)


def test_messages(ranks):
    world_size = len(ranks)
    for result in ranks:
        got = result['messages']
        assert f'needs a row for each of the {world_size} ranks' in got['few_rows']
        assert f'num_negatives must be at least {2 * world_size}' in got['few_draws']
        assert f'different lengths: {[LENGTH + r for r in range(world_size)]}' in got['lengths']
        assert got['agree'] is None
        # a slice must not pass for a bank
        assert got['outside'] == []
