"""VOC07 SVM loops: accuracy, the protocols, and wrong arguments."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from sklearn.svm import LinearSVC

from npid_mm.evaluation import voc_average_precision
from tests.layouts import write_voc2007
from tests.svm_runs import COSTS, FULL, LAYERS, LOW_SHOT, again, svm_config, untrained, written
from tests.toy import ROOT

pytestmark = pytest.mark.slow


def test_learns_and_more_than_on_an_untrained_network(digits, pretrained, tmp_path):
    """Pretrained on digits feature3 and feature4 have 39 and 39, untrained 34 and 29.

    A ranking at random has an mAP of about 8, the share of positives. By tools/test.py CONFIG
    CHECKPOINT.
    """
    voc = write_voc2007(digits, tmp_path, trainval=300, test=150)
    cfg = svm_config(FULL, voc, tmp_path / 'untrained', untrained(tmp_path / '0.pth'), costs=COSTS)
    random = Runner.from_cfg(cfg).test()

    out = tmp_path / 'out.json'
    cfg.dump(tmp_path / 'config.py')
    command = [sys.executable, ROOT / 'tools/test.py', tmp_path / 'config.py', pretrained]
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
        svm = LinearSVC(C=1.0, class_weight={1: 2, -1: 1}, tol=1e-9, max_iter=10**6)
        svm.fit(rows['trainval'], np.where(own == 1, 1, -1))
        known = test != 0
        scores = torch.from_numpy(svm.decision_function(rows['test'][known]))
        found.append(voc_average_precision(scores, torch.from_numpy(test[known] == 1).int()))
    assert metrics['feature3/mAP'] == pytest.approx(100 * float(np.mean(found)), abs=1e-3)


def test_low_shot_reports_the_mean_over_draws_for_each_k(voc2007, random_weights, tmp_path):
    """Computed from the records, which another choice of the cost and more shots reuse."""
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


@pytest.mark.parametrize(
    ('name', 'arguments', 'message'),
    [
        (FULL, dict(reference='bank'), "reference must be a data loader config, got 'bank'"),
        (LOW_SHOT, dict(select='train'), "select must be 'held_out' or 'test', got 'train'"),
        (LOW_SHOT, dict(shots=(0, 1)), 'shots must be at least 1, got 0'),
        (FULL, dict(costs=(1.0, 0.0)), r'costs must be at least one number, all above 0'),
        (LOW_SHOT, dict(draws=0), 'draws must be at least 1, got 0'),
    ],
)
def test_wrong_arguments_are_named(voc2007, random_weights, tmp_path, name, arguments, message):
    cfg = svm_config(name, voc2007, tmp_path, random_weights)
    cfg.test_cfg.update({'shots': (1,)} if name == LOW_SHOT else {})
    if 'reference' in arguments:
        cfg.test_cfg.pop('reference')
    cfg.test_cfg.update(arguments)
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(cfg).test()
