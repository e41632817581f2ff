"""Checkpoints and runs of a sharded bank on different numbers of ranks."""

import pytest
import torch
from mmengine.runner import Runner

from npid_mm.engine.hooks.memory_bank_hook import save_gathered_rows
from npid_mm.models import MemoryBank, ShardedMemoryBank
from tests.command_line import free_port, run
from tests.test_distributed.sharded_work import GROWN, ROWS, TRAINED, sharded_config
from tests.test_distributed.training import LENGTH

pytestmark = pytest.mark.slow


def test_what_three_ranks_saved_loads_on_two_and_on_one(two, three):
    full = three[0]['statistics'][False]['full']
    shards = [result['loaded']['shard'] for result in two]
    assert [len(shard) for shard in shards] == [7, 6] and torch.equal(torch.cat(shards), full)
    assert all(result['loaded']['length'] == LENGTH for result in two)
    for kind in (MemoryBank, ShardedMemoryBank):
        bank = kind(feat_dim=8, dtype='float64')
        bank.load_state_dict(dict(feature_bank=full))
        assert torch.equal(bank.feature_bank, full) and bank.initialized_from == 'checkpoint'


def test_a_run_on_three_ranks_saves_one_full_bank_and_logs(three, folder):
    checkpoint = torch.load(folder / 'three/epoch_1.pth', weights_only=True)
    # one step of 3 x 16 images: the last batch is dropped
    own = checkpoint['own_probability']
    assert own.shape == (64,) and own.isnan().sum() == 16 and (own[~own.isnan()] > 0).all()
    saved = checkpoint['state_dict'][ROWS]
    assert torch.equal(saved, torch.cat([result['run'] for result in three]))
    assert [len(result['run']) for result in three] == [22, 21, 21]
    (scalars,) = (folder / 'three').glob('*/vis_data/scalars.json')
    logged = scalars.read_text()
    assert all(name in logged for name in ('bank_drift', 'bank_knn', 'bank_rankme'))


def test_evaluation_against_a_sharded_bank_equals_the_full_one(two, digits, folder):
    cfg = sharded_config(digits, folder / 'one')
    cfg.model.memory_bank.type = 'MemoryBank'
    cfg.load_from = str(folder / 'three/epoch_1.pth')
    metrics = Runner.from_cfg(cfg).test()
    assert [result['metrics'] for result in two] == [metrics, metrics]


def test_the_command_line_resumes_on_two_ranks(three, digits, folder):
    """dist_train.sh on the checkpoint of three ranks; then one process reads its checkpoint."""
    cfg = sharded_config(digits, folder / 'resumed', epochs=2)
    cfg.dump(folder / 'config.py')
    arguments = [folder / 'config.py', 2, '--resume', folder / 'three/epoch_1.pth']
    done = run('dist_train.sh', *arguments, PORT=free_port())
    assert done.returncode == 0, done.stderr
    first = torch.load(folder / 'three/epoch_1.pth', weights_only=True)
    second = torch.load(folder / 'resumed/epoch_2.pth', weights_only=True)
    assert second['meta']['iter'] == first['meta']['iter'] + 2
    rows = second['state_dict'][ROWS]
    assert rows.shape == (64, 16) and not torch.equal(rows, first['state_dict'][ROWS])
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(64))


def test_two_ranks_resume_on_other_images(two, folder):
    """Rows of known images are equal; those of new ones are features, unit vectors."""
    saved = torch.load(folder / 'three/epoch_1.pth', weights_only=True)['state_dict'][ROWS]
    grown = torch.cat([result['grown'] for result in two])
    assert len(grown) == len(GROWN) == 71
    for row, image in zip(grown, GROWN, strict=True):
        if image in TRAINED:
            assert torch.equal(row, saved[TRAINED.index(image)])
    torch.testing.assert_close(grown.norm(dim=1), torch.ones(71))
    resumed = torch.load(folder / 'two/grown/epoch_2.pth', weights_only=True)
    assert len(resumed['state_dict'][ROWS]) == 71 and resumed['meta']['epoch'] == 2


def test_a_checkpoint_is_read_on_the_cpu():
    """A resumed run would read it on the device, which a full bank may not fit on."""

    class Recorder:
        def load_checkpoint(self, filename, map_location='cpu', strict=False):
            return filename, map_location, strict

        def save_checkpoint(self, folder, name):
            raise AssertionError('not asked to save')

    runner = Recorder()
    save_gathered_rows(runner, ShardedMemoryBank(length=2))
    assert runner.load_checkpoint('a.pth', map_location='cuda') == ('a.pth', 'cpu', False)
    assert runner.load_checkpoint('a.pth', strict=True) == ('a.pth', 'cpu', True)
