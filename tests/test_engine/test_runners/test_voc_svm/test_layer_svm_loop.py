"""Resumed, repeated and distributed SVM evaluations of every layer."""

import io
import json

import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from npid_mm.engine.launch import build_runner
from npid_mm.engine.runners.linear_svm_loop import gather_rows
from npid_mm.engine.runners.voc_svm import layer_features, svm_loop
from tests.svm_runs import (
    COSTS,
    LAYERS,
    LOW_SHOT,
    again,
    count_batches,
    svm_config,
    untrained,
    written,
)
from tests.test_distributed.ranks import run_ranks

pytestmark = pytest.mark.slow


def array(content):
    """The array of a file."""
    return np.load(io.BytesIO(content))


def interrupt_at(monkeypatch, module, name, call):
    """Let a function of ``module`` be interrupted at its ``call``-th call, then work again."""
    calls, original = [], getattr(module, name)

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, interrupted)


def test_an_interrupted_run_resumes_with_the_same_files(svm, monkeypatch, tmp_path):
    """While features are read, and later while SVMs are fitted: the same files in the end."""
    expected = Runner.from_cfg(again(svm, tmp_path / 'whole')).test()

    interrupt_at(monkeypatch, layer_features, 'batch_layers', call=6)  # trainval is complete
    with pytest.raises(KeyboardInterrupt):
        Runner.from_cfg(again(svm)).test()
    (folder,) = (tmp_path / 'work').glob('svm-*')
    assert len(list(folder.glob('*_train.npy'))) == 4
    assert not [path for path in folder.iterdir() if 'test.npy' in path.name]
    (folder / 'feature1_test.npy.unfinished').write_bytes(b'of a run that was killed')
    (folder / 'feature2_train.npy').unlink()

    batches = count_batches(monkeypatch)
    interrupt_at(monkeypatch, svm_loop, 'voc_svm', call=7)  # in the middle of feature2
    with pytest.raises(KeyboardInterrupt):
        Runner.from_cfg(again(svm)).test()
    assert sum(batches) == 60 + 40
    records = json.loads((folder / 'svm_feature2.json').read_text())['records']
    assert [record['column'] for record in records] == list(range(10))

    assert Runner.from_cfg(again(svm)).test() == expected
    assert sum(batches) == 60 + 40
    files = written(svm, 'svm-*/*')
    assert files == written(again(svm, tmp_path / 'whole'), 'svm-*/*')
    assert len(files) == 2 * 4 + 2 + 4  # features, names of the layers, records


def test_half_precision_is_of_the_network_alone(svm, tmp_path):
    """Features are float32, near those of the whole precision and kept apart from them."""
    metrics = Runner.from_cfg(svm).test()
    half = again(svm, tmp_path / 'half')
    half.test_cfg.fp16 = True
    half_metrics = Runner.from_cfg(half).test()
    assert half_metrics.keys() == metrics.keys()
    assert all(abs(half_metrics[name] - metrics[name]) < 10 for name in metrics)
    whole_files, half_files = (written(each, 'svm-*/*.npy') for each in (svm, half))
    assert not whole_files.keys() & half_files.keys()  # by the name of the folder
    rows = [
        {name.partition('/')[2]: array(content) for name, content in files.items()}
        for files in (whole_files, half_files)
    ]
    assert rows[0].keys() == rows[1].keys() and len(rows[0]) == 2 * len(LAYERS)
    for name, expected in rows[0].items():
        assert rows[1][name].dtype == np.float32
        difference = np.abs(rows[1][name] - expected).max() / np.abs(expected).max()
        assert 0 < difference < 0.05, name


def test_results_of_other_weights_data_or_costs_are_not_reused(svm, tmp_path, monkeypatch):
    """A checkpoint under the same name, or another preparation, has features of its own."""
    batches = count_batches(monkeypatch)
    Runner.from_cfg(svm).test()
    other = again(svm)
    untrained(tmp_path / 'weights.pth', seed=1)
    other.load_from = str(tmp_path / 'weights.pth')
    Runner.from_cfg(other).test()
    squashed = again(other)
    squashed.test_dataloader.dataset.pipeline[1].scale = 128
    Runner.from_cfg(squashed).test()
    assert len(list((tmp_path / 'work').glob('svm-*'))) == 3 and sum(batches) == 3 * 100

    one = again(squashed)
    one.test_cfg.costs = (1.0,)
    Runner.from_cfg(one).test()
    assert sum(batches) == 3 * 100
    settings = [json.loads(text)['settings'] for text in written(one, 'svm-*/svm_*.json').values()]
    assert sum(each == {'costs': [1.0]} for each in settings) == len(LAYERS)


def test_both_protocols_share_features(svm, voc2007, random_weights, monkeypatch):
    Runner.from_cfg(svm).test()
    batches = count_batches(monkeypatch)
    cfg = svm_config(
        LOW_SHOT, voc2007, svm.work_dir, random_weights, costs=COSTS, shots=(1,), draws=1
    )
    Runner.from_cfg(cfg).test()
    assert not batches


def two_ranks(rank, cfg):
    """Return the metrics, the threads afterwards, and gathered rows, of a rank."""
    metrics, threads = build_runner(cfg).test(), torch.get_num_threads()
    rows = gather_rows(torch.arange(10.0).view(5, 2)[rank::2])
    return metrics, threads, rows


def test_two_ranks_equal_one_process(svm, tmp_path):
    """39 test images in batches of 16: the last one of a rank fills up, and is not counted."""
    svm.test_dataloader.dataset.indices = 39
    expected = Runner.from_cfg(svm).test()
    cfg = again(svm, tmp_path / 'ranks')
    cfg.launcher = 'pytorch'
    metrics, threads, rows = zip(*run_ranks(two_ranks, 2, cfg), strict=True)
    assert metrics[0] == metrics[1] == pytest.approx(expected, abs=1e-6)
    assert threads == (1, 1)
    one, two = (written(each, 'svm-*/*.npy') for each in (svm, cfg))
    for name in one:
        np.testing.assert_allclose(*(array(each[name]) for each in (one, two)), atol=1e-5)
    # of five rows one rank has three and the other two
    assert all(torch.equal(own, torch.arange(10.0).view(5, 2)) for own in rows)
