"""Launchers, and work on one of several ranks."""

import pytest
import torch
from mmengine.config import Config

from npid_mm.engine.distributed import check_launcher, launched_rank, run_on_main_process, use_gloo
from tests.test_distributed.ranks import run_ranks


@pytest.mark.parametrize(
    ('launcher', 'rank'), [('none', 0), ('pytorch', 2), ('slurm', 3), ('mpi', 0)]
)
def test_rank_of_each_launcher(monkeypatch, launcher, rank):
    """Before there is a process group; one process started within a Slurm job has rank 0."""
    monkeypatch.setenv('RANK', '2')
    monkeypatch.setenv('SLURM_PROCID', '3')
    assert launched_rank(Config(dict(launcher=launcher))) == rank


def test_a_launcher_without_its_variables_is_refused(monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(ValueError, match='--launcher pytorch needs RANK, .* start with bash tools'):
        check_launcher('pytorch')
    with pytest.raises(ValueError, match='--launcher must be pytorch where torchrun starts 2'):
        check_launcher('none')


def test_ranks_without_a_gpu_need_the_launcher_of_pytorch():
    with pytest.raises(ValueError, match="need launcher 'pytorch', got 'slurm'"):
        use_gloo(Config(dict(launcher='slurm')))
    assert not torch.distributed.is_initialized()


def on_the_main_process(rank, fails):
    """Return the result or the error that a rank gets, and the steps that it did itself."""
    steps = []

    def work():
        for step in range(3):
            steps.append(step)
            yield
        if fails:
            raise FileNotFoundError('no features')
        return 'fitted'

    try:
        return run_on_main_process(work()), steps
    except (RuntimeError, FileNotFoundError) as error:
        return repr(error), steps


@pytest.mark.slow
def test_one_rank_works_and_all_have_its_result_or_its_error():
    first, second = run_ranks(on_the_main_process, 2, False)
    assert first == ('fitted', [0, 1, 2]) and second == ('fitted', [])
    first, second = run_ranks(on_the_main_process, 2, True)
    assert first[0] == "FileNotFoundError('no features')"
    assert 'rank 0 stopped, and so do all: FileNotFoundError: no features' in second[0]
