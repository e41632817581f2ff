"""kNN through the Runner against scikit-learn on the same features."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from sklearn.neighbors import KNeighborsClassifier

from npid_mm.datasets import dataset_labels
from npid_mm.engine.distributed_search import search
from npid_mm.engine.features import batch_features
from npid_mm.engine.runners import knn_loop
from tests.toy import digits_config

pytestmark = pytest.mark.slow


def make_runner(digits, tmp_path, **test_cfg):
    cfg = digits_config(digits, tmp_path)
    # every seventh digit, so that all classes are there
    cfg.test_cfg.reference.dataset.indices = list(range(0, 1437, 7))
    cfg.train_dataloader.dataset.dataset.indices = list(range(0, 1437, 7))
    cfg.test_cfg.update(test_cfg)
    return Runner.from_cfg(cfg)


def features(model, loader, level):
    rows = [batch_features(model, batch, level)[0] for batch in loader]
    return torch.cat(rows).numpy(), dataset_labels(loader.dataset).numpy()


@pytest.mark.parametrize('level', ['embedding', 'backbone'])
def test_recomputed_references_equal_scikit_learn(digits, tmp_path, level):
    runner = make_runner(digits, tmp_path, feature=level, k=(1, 20))
    metrics = runner.test()
    runner.model.eval()
    train, train_labels = features(runner.model, runner.test_loop.reference, level)
    query, labels = features(runner.model, runner.test_dataloader, level)
    for k in (1, 20):
        peer = KNeighborsClassifier(
            k, metric='cosine', algorithm='brute', weights=lambda d: np.exp((1 - d) / 0.07)
        )
        expected = 100 * peer.fit(train, train_labels).score(query, labels)
        assert metrics[f'knn/top1_k{k}'] == pytest.approx(expected)


def test_bank_reference_uses_the_rows_and_the_training_labels(digits, tmp_path):
    runner = make_runner(digits, tmp_path, reference='bank', k=5)
    bank = runner.model.memory_bank
    bank.set_length(len(range(0, 1437, 7)))
    metrics = runner.test()
    query, labels = features(runner.model, runner.test_dataloader, 'embedding')
    train_labels = dataset_labels(runner.test_loop._train_dataset()).numpy()
    peer = KNeighborsClassifier(
        5, metric='cosine', algorithm='brute', weights=lambda d: np.exp((1 - d) / 0.07)
    )
    expected = 100 * peer.fit(bank.feature_bank.numpy(), train_labels).score(query, labels)
    assert metrics['knn/top1_k5'] == pytest.approx(expected)


def searches(digits, folder, monkeypatch, **test_cfg):
    """Metrics of a test, and (queries, references, similarities) of its first batch."""
    runner, calls = make_runner(digits, folder, k=5, **test_cfg), []

    def recorded(query, rows, labels, k):
        similarity, found = search(query, rows, labels, k)
        calls.append((query, rows, similarity))
        return similarity, found

    monkeypatch.setattr(knn_loop, 'search', recorded)
    return runner.test(), calls[0]


@pytest.mark.parametrize('level', ['embedding', 'backbone'])
def test_half_precision_is_of_the_network_alone(digits, tmp_path, monkeypatch, level):
    """Rows are float32 and near those of the whole precision; search and vote are as exact."""
    options = dict(feature=level)
    metrics, whole = searches(digits, tmp_path / 'whole', monkeypatch, **options)
    half_metrics, half = searches(digits, tmp_path / 'half', monkeypatch, fp16=True, **options)
    assert all(part.dtype == torch.float32 for part in half)
    for expected, rows in zip(whole[:2], half[:2], strict=True):
        assert 0 < (rows - expected).abs().max() < 0.01
    query, rows, similarity = half
    expected = (query.double() @ rows.double().T).topk(5).values
    torch.testing.assert_close(similarity.double(), expected, rtol=0, atol=1e-6)
    assert half_metrics == pytest.approx(metrics, abs=2)


def test_more_neighbors_than_references_and_fewer_than_five_classes(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.test_cfg.reference.dataset.indices = 40  # all zeros and the first ones
    cfg.test_dataloader.dataset.indices = 7
    cfg.test_cfg.k = (3, 1000)
    cfg.test_evaluator = dict(type='KNNAccuracy', topk=(1, 5))
    metrics = Runner.from_cfg(cfg).test()
    # seven queries, all zeros, and zeros and ones to find: top-5 of so few classes is left out
    assert metrics == {f'knn/top1_k{k}': 100.0 for k in (3, 1000)}


def test_evaluation_changes_neither_weights_nor_statistics(digits, tmp_path):
    runner = make_runner(digits, tmp_path)
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.test()
    after = runner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_metrics_of_mmpretrain_read_the_first_k(digits, tmp_path):
    runner = make_runner(digits, tmp_path, k=(5, 200))
    cfg = runner.cfg.copy()
    cfg.test_evaluator = [
        dict(type='KNNAccuracy', topk=1),
        dict(type='Accuracy', topk=1),
    ]
    cfg.experiment_name = 'both_metrics'
    metrics = Runner.from_cfg(cfg).test()
    assert metrics['accuracy/top1'] == pytest.approx(metrics['knn/top1_k5'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(k=0), 'k must be at least 1, got 0'),
        (dict(k=(5, 0)), 'k must be at least 1, got 0'),
        (dict(k=()), r'k must name at least one number of neighbors, got \(\)'),
        (dict(k='many'), "k must be a whole number, got 'many'"),
        (dict(k=(5, 2.5)), 'k must be a whole number, got 2.5'),
        (dict(temperature=0), 'temperature must be > 0, got 0'),
        (dict(temperature='warm'), "temperature must be > 0, got 'warm'"),
        (dict(feature='neck'), r"feature must be one of \('embedding', 'backbone'\), got 'neck'"),
        (dict(reference='train'), "reference must be 'bank' or a data loader config, got 'train'"),
        (dict(reference='bank', feature='backbone'), 'the bank holds embeddings'),
    ],
)
def test_wrong_arguments_are_named(digits, tmp_path, arguments, message):
    cfg = digits_config(digits, tmp_path)
    if 'reference' in arguments:
        cfg.test_cfg.pop('reference')
    cfg.test_cfg.update(arguments)
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(cfg).test()


def without_labels(dataset, folder):
    dataset.update(ann_file='', data_prefix='train', with_label=False)


def with_a_label_below_0(dataset, folder):
    """Add a label that would count as the last class."""
    lines = (Path(dataset.data_root) / dataset.ann_file).read_text().splitlines()
    lines[7] = lines[7].rpartition(' ')[0] + ' -1'
    dataset.ann_file = str(folder / 'list.txt')
    (folder / 'list.txt').write_text('\n'.join(lines))


@pytest.mark.parametrize(
    ('loader', 'change', 'message'),
    [
        (
            'train_dataloader',
            without_labels,
            r' in 0\.\.999999 per image, but .* gt_label=None: .*; images without labels can be '
            'trained, .* set val_dataloader = val_evaluator = val_cfg = None',
        ),
        ('val_dataloader', with_a_label_below_0, '.* but 1 of its .* gt_label=-1: '),
    ],
)
def test_wrong_labels_are_refused_before_the_first_step(digits, tmp_path, loader, change, message):
    """Not at the first validation, which may be an hour later and before any checkpoint."""
    cfg = digits_config(digits, tmp_path)
    change(cfg[loader].dataset.get('dataset', cfg[loader].dataset), tmp_path)
    runner = Runner.from_cfg(cfg)
    with pytest.raises(ValueError, match=f'^{loader} must have one label{message}'):
        runner.train()
    assert runner.iter == 0


def test_shuffled_references_are_refused(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.test_cfg.reference.sampler.shuffle = True
    with pytest.raises(ValueError, match='give the sampler shuffle=False'):
        Runner.from_cfg(cfg).test()
