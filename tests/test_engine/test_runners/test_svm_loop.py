"""SVM benchmarks through the Runner: what they learn, and how they go on."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from sklearn.svm import LinearSVC

from npid_mm.engine.distributed import run_on_main_process
from npid_mm.engine.launch import build_runner
from npid_mm.engine.runners.linear_svm_loop import gather_rows
from npid_mm.engine.runners.voc_svm import layer_features, svm_loop
from npid_mm.evaluation import voc_average_precision
from tests.layouts import write_voc2007
from tests.probes import pretrain
from tests.svm_runs import (
    COSTS,
    FULL,
    LAYERS,
    LOW_SHOT,
    again,
    count_batches,
    svm_config,
    untrained,
    written,
)
from tests.test_distributed.ranks import run_ranks
from tests.toy import ROOT


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


def test_learns_and_more_than_on_an_untrained_network(digits, tmp_path):
    """NPIDState on digits feature3 and feature4 have 39 and 39, untrained 34 and 29.

    A ranking at random has an mAP of about 8, the share of positives. By tools/test.py CONFIG
    CHECKPOINT.
    """
    voc = write_voc2007(digits, tmp_path, trainval=300, test=150)
    cfg = svm_config(FULL, voc, tmp_path / 'untrained', untrained(tmp_path / '0.pth'), costs=COSTS)
    random = Runner.from_cfg(cfg).test()

    checkpoint, out = pretrain(digits, tmp_path / 'pretraining', epochs=12), tmp_path / 'out.json'
    cfg.dump(tmp_path / 'config.py')
    command = [sys.executable, ROOT / 'tools/test.py', tmp_path / 'config.py', checkpoint]
    command += ['--work-dir', tmp_path / 'trained', '--out', out]
    subprocess.run(command, check=True, capture_output=True)
    trained = json.loads(out.read_text())

    assert list(trained) == list(random) == [f'{layer}/mAP' for layer in (*LAYERS, 'best')]
    assert min(trained.values()) > 30
    for layer in ('feature3', 'feature4'):
        assert trained[f'{layer}/mAP'] > random[f'{layer}/mAP'] + 2
    assert trained['best/mAP'] == max(trained.values())


def test_equals_scikit_learn_on_features_of_the_network(svm, voc2007):
    """One cost: labels, order of the images, weights of the classes and the scores that count.

    Difficult images train as negatives and are left out of the test, as in the protocol.
    """
    svm.test_cfg.costs = (1.0,)
    runner = Runner.from_cfg(svm)
    metrics = runner.test()
    model = runner.model.eval()
    rows, labels = {}, {}
    for split in ('trainval', 'test'):
        dataset = DATASETS.build(dict(svm.test_dataloader.dataset, split=split))
        images = torch.stack([dataset[index]['inputs'] for index in range(len(dataset))])
        with torch.no_grad():
            maps = model.backbone((images.float() - 78) / 96)  # as PREPROCESSOR has it
        rows[split] = maps[2].mean((2, 3)).double().numpy()  # feature3
        rows[split] /= np.linalg.norm(rows[split], axis=1, keepdims=True) + 1e-5
        labels[split] = np.array(
            [
                [int(line.split()[1]) for line in path.read_text().splitlines()]
                for name in dataset.metainfo['classes']
                for path in [voc2007 / f'ImageSets/Main/{name}_{split}.txt']
            ]
        )
    found = []
    for own, test in zip(labels['trainval'], labels['test'], strict=True):
        machine = LinearSVC(C=1.0, class_weight={1: 2, -1: 1}, tol=1e-9, max_iter=10**6)
        machine.fit(rows['trainval'], np.where(own == 1, 1, -1))
        known = test != 0
        scores = torch.from_numpy(machine.decision_function(rows['test'][known]))
        found.append(voc_average_precision(scores, torch.from_numpy(test[known] == 1).int()))
    assert metrics['feature3/mAP'] == pytest.approx(100 * float(np.mean(found)), abs=1e-3)


def test_goes_on_where_it_was_interrupted(svm, monkeypatch, tmp_path):
    """While features are read, and later while machines are fitted: the same files in the end."""
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


def test_two_runs_give_the_same_figures(svm, tmp_path):
    first = Runner.from_cfg(svm).test()
    assert Runner.from_cfg(again(svm, tmp_path / 'other')).test() == first
    assert written(svm) == written(again(svm, tmp_path / 'other'))


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


def test_other_weights_other_data_and_other_costs_never_mix(svm, tmp_path, monkeypatch):
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


def test_low_shot_reports_the_mean_over_draws_for_each_k(voc2007, random_weights, tmp_path):
    """From the records, which another choice of the cost and more shots go on from."""
    arguments = dict(costs=COSTS, shots=(1, 2), draws=3)
    cfg = svm_config(LOW_SHOT, voc2007, tmp_path, random_weights, **arguments)
    metrics = Runner.from_cfg(cfg).test()
    assert list(metrics) == [f'{layer}/k{k}' for layer in (*LAYERS, 'best') for k in (1, 2)]
    before = {name: json.loads(text) for name, text in written(cfg, 'svm-*/low-shot*').items()}
    for name, content in before.items():
        layer = name.removesuffix('.json').rpartition('_')[2]
        for k in (1, 2):
            own = [record for record in content['records'] if record['k'] == k]
            assert [record['column'] for record in own] == list(range(20))
            assert np.shape(own[0]['test_ap']) == (3, len(COSTS))
            held_out = np.mean([draw for r in own for draw in r['held_out_ap'] if draw], axis=0)
            test = np.mean([record['test_ap'] for record in own], axis=(0, 1))
            assert metrics[f'{layer}/k{k}'] == pytest.approx(100 * test[held_out.argmax()])

    published = again(cfg)
    published.test_cfg.update(select='test', shots=(1, 2, 3))
    best = Runner.from_cfg(published).test()
    for name, text in written(cfg, 'svm-*/low-shot*').items():
        layer = name.removesuffix('.json').rpartition('_')[2]
        records = json.loads(text)['records']
        assert records[:40] == before[name]['records'] and len(records) == 60
        for k in (1, 2, 3):
            own = [record['test_ap'] for record in records if record['k'] == k]
            assert best[f'{layer}/k{k}'] == pytest.approx(100 * np.mean(own, axis=(0, 1)).max())
    assert best['best/k1'] in [best[f'{layer}/k1'] for layer in LAYERS]


def test_both_protocols_share_features(svm, voc2007, random_weights, monkeypatch):
    Runner.from_cfg(svm).test()
    batches = count_batches(monkeypatch)
    cfg = svm_config(
        LOW_SHOT, voc2007, svm.work_dir, random_weights, costs=COSTS, shots=(1,), draws=1
    )
    Runner.from_cfg(cfg).test()
    assert not batches


def two_ranks(rank, cfg):
    """Of this rank: metrics, threads it is left with, gathered rows, a failure of rank 0."""

    def work():
        yield
        raise ValueError('the disk is full')

    metrics, threads = build_runner(cfg).test(), torch.get_num_threads()
    rows = gather_rows(torch.arange(10.0).view(5, 2)[rank::2])
    try:
        run_on_main_process(work())
    except (ValueError, RuntimeError) as error:
        return metrics, threads, rows, f'{type(error).__name__}: {error}'


def test_two_ranks_equal_one_process(svm, tmp_path):
    """39 test images in batches of 16: the last one of a rank fills up, and is not counted."""
    svm.test_dataloader.dataset.indices = 39
    expected = Runner.from_cfg(svm).test()
    cfg = again(svm, tmp_path / 'ranks')
    cfg.launcher = 'pytorch'
    metrics, threads, rows, failures = zip(*run_ranks(two_ranks, 2, cfg), strict=True)
    assert metrics[0] == metrics[1] == pytest.approx(expected, abs=1e-6)
    assert threads == (1, 1)
    one, two = (written(each, 'svm-*/*.npy') for each in (svm, cfg))
    for name in one:
        np.testing.assert_allclose(*(array(each[name]) for each in (one, two)), atol=1e-5)
    # of five rows one rank has three and the other two
    assert all(torch.equal(own, torch.arange(10.0).view(5, 2)) for own in rows)
    assert failures == (
        'ValueError: the disk is full',
        'RuntimeError: rank 0 stopped, and so do all: ValueError: the disk is full',
    )
