"""Work of each rank in the tests of a sharded bank; the ranks start once for all tests."""

from functools import partial

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from npid_mm.engine.distributed_search import sharded_leave_one_out
from npid_mm.engine.launch import build_runner
from npid_mm.losses import (
    nce_log_noise,
    nce_statistics,
    sampled_softmax_statistics,
    softmax_statistics,
    z_from_statistics,
    z_statistics,
)
from npid_mm.models import ShardedMemoryBank
from tests.test_distributed.training import HEADS, LENGTH, train
from tests.toy import digits_config, unit_rows

ROWS = 'memory_bank.feature_bank'
BATCH = 4  # of each rank
DRAWS = 20
TRAINED = list(range(0, 1400, 22))  # every 22nd digit, so that all classes are there
GROWN = sorted([*TRAINED[6:], *range(7, 293, 22)])
TEMPERATURE = 0.2
LOG_NOISE = nce_log_noise(30.0, DRAWS, LENGTH)
exact = partial(softmax_statistics, temperature=TEMPERATURE)
sampled = partial(sampled_softmax_statistics, temperature=TEMPERATURE)
nce = partial(nce_statistics, temperature=TEMPERATURE, log_noise=LOG_NOISE)


def global_batch(world_size):
    """Unit features and indexes of all ranks; the last two name one row."""
    count = BATCH * world_size
    index = torch.arange(count) * 5 % LENGTH
    index[-1] = index[-2]
    return unit_rows(count, 8, seed=1, dtype=torch.float64), index


def labels():
    return torch.arange(LENGTH) % 3


def message_of(function, *arguments):
    try:
        function(*arguments)
    except (ValueError, RuntimeError) as error:
        return str(error)
    return None


def estimate_z(bank, feature, negatives):
    statistics = bank.reduce(partial(z_statistics, temperature=TEMPERATURE), feature, negatives)
    return z_from_statistics(statistics, DRAWS, LENGTH, TEMPERATURE)


def statistics(world_size, exclude):
    """Statistics of the bank for this rank's batch, and the negatives that it drew."""
    torch.manual_seed(0)
    bank = ShardedMemoryBank(length=LENGTH, feat_dim=8, dtype='float64')
    torch.manual_seed(get_rank())  # as StepSeedHook does
    feature, index = global_batch(world_size)
    own = slice(get_rank() * BATCH, (get_rank() + 1) * BATCH)
    feature, index = feature[own], index[own]
    negatives = bank.draw_negatives(index, DRAWS, exclude)
    with bank.gathered_rows():
        full = bank.state_dict().get('feature_bank')
    return dict(
        full=full,
        shard=bank.feature_bank,
        local_rows=bank.local_rows,
        rows=bank.rows(index),
        drawn=negatives.rows + bank.local_rows.start,
        weight=negatives.weight,
        softmax=bank.reduce(exact, feature, exclude=index),
        sampled=bank.reduce(sampled, feature, negatives),
        nce=bank.reduce(nce, feature, negatives),
        z=estimate_z(bank, feature, negatives),
        knn=[sharded_leave_one_out(bank, labels(), k, 0.07, torch.arange(12)) for k in (3, 99)],
    )


def messages(world_size):
    bank = ShardedMemoryBank(length=LENGTH, feat_dim=8)
    index = torch.zeros(BATCH, dtype=torch.long)
    other = ShardedMemoryBank(length=LENGTH + get_rank(), feat_dim=8)
    return dict(
        few_rows=message_of(lambda: ShardedMemoryBank(length=world_size - 1)),
        few_draws=message_of(bank.draw_negatives, index, world_size - 1, False),
        lengths=message_of(other.verify),
        agree=message_of(bank.verify),
        outside=list(bank.state_dict()),
    )


def half_bank():
    """Rows in two bytes, and a step whose rows are all on rank 0."""
    torch.manual_seed(0)
    bank = ShardedMemoryBank(length=LENGTH, feat_dim=8, dtype='bfloat16')
    rows = bank.rows(torch.arange(LENGTH))
    bank.update(unit_rows(2, 8, seed=get_rank()), torch.tensor([0, 1]))
    with bank.gathered_rows():
        return rows, bank.state_dict().get('feature_bank')


def load(saved):
    """The shard of a bank that learns its length from a checkpoint."""
    bank = ShardedMemoryBank(feat_dim=8, dtype='float64')
    bank.load_state_dict(saved)
    return dict(shard=bank.feature_bank, length=bank.length, initialized_from=bank.initialized_from)


def sharded_config(digits, work_dir, epochs=1):
    cfg = digits_config(digits, work_dir, epochs=epochs)
    cfg.model.memory_bank.update(type='ShardedMemoryBank', init='features')
    cfg.train_dataloader.dataset.dataset.indices = TRAINED
    cfg.default_hooks.memory_bank.update(knn_interval=1, knn_k=5)
    cfg.val_dataloader.dataset.indices = cfg.test_dataloader.dataset.indices = 90
    cfg.test_cfg = dict(type='KNNTestLoop', reference='bank', k=5)
    return cfg


class ShardAtTheEnd(Hook):
    """Keeps the rows of this rank, to compare them with what was saved."""

    def after_train(self, runner):
        self.rows = runner.model.module.memory_bank.feature_bank.clone()


def train_digits(digits, work_dir):
    cfg = sharded_config(digits, work_dir)
    cfg.launcher = 'pytorch'
    runner = build_runner(cfg)
    hook = ShardAtTheEnd()
    runner.register_hook(hook)
    runner.train()
    return hook.rows


def evaluate_digits(digits, work_dir, checkpoint):
    cfg = sharded_config(digits, work_dir)
    cfg.launcher, cfg.load_from = 'pytorch', checkpoint
    return build_runner(cfg).test()


class ShardAtTheStart(Hook):
    """Keeps the rows of this rank before the first step."""

    priority = 'LOW'

    def before_train(self, runner):
        self.rows = runner.model.module.memory_bank.feature_bank.clone()


def resume_grown(digits, work_dir, checkpoint):
    """Rows of this rank on other images: 6 of 64 were removed, and 13 added."""
    cfg = sharded_config(digits, work_dir, epochs=2)
    cfg.train_dataloader.dataset.dataset.indices = GROWN
    cfg.default_hooks.memory_bank.grow = True
    cfg.update(launcher='pytorch', resume=True, load_from=checkpoint)
    runner = build_runner(cfg)
    hook = ShardAtTheStart()
    runner.register_hook(hook)
    runner.train()
    return hook.rows


def on_three_ranks(rank, digits, folder):
    return dict(**on_ranks(3), run=train_digits(digits, folder))


def on_two_ranks(rank, digits, folder, saved, checkpoint):
    metrics = evaluate_digits(digits, folder, checkpoint)
    grown = resume_grown(digits, folder / 'grown', checkpoint)
    return dict(**on_ranks(2), loaded=load(saved), metrics=metrics, grown=grown)


def on_ranks(world_size):
    return dict(
        heads={head: train(head, 'ShardedMemoryBank') for head in HEADS},
        statistics={exclude: statistics(world_size, exclude) for exclude in (False, True)},
        messages=messages(world_size),
        half=half_bank(),
    )
