"""What SVM benchmarks refuse, by the message."""

import pytest
import torch
from mmengine.runner import Runner

from tests.svm_runs import FULL, LOW_SHOT, again, svm_config, written


def test_without_a_checkpoint_nothing_runs(svm):
    svm.load_from = None
    with pytest.raises(RuntimeError, match='the backbone has no weights yet'):
        Runner.from_cfg(svm).test()


def test_an_incomplete_checkpoint_is_refused(svm, random_weights, tmp_path):
    state = torch.load(random_weights)['state_dict']
    state.pop('backbone.layer2.0.conv1.weight')
    torch.save(dict(state_dict=state), tmp_path / 'incomplete.pth')
    svm.load_from = str(tmp_path / 'incomplete.pth')
    with pytest.raises(ValueError, match='1 missing: backbone.layer2.0.conv1.weight'):
        Runner.from_cfg(svm).test()


def test_another_model_is_refused(svm):
    """MMPretrain's classifier would run on what happens to fit."""
    svm.model.type = 'ImageClassifier'
    svm.model.pop('frozen')
    svm.data_preprocessor = dict(mean=[78.0] * 3, std=[96.0] * 3)
    message = r"model must be dict\(type='ProbeClassifier'.* got ImageClassifier"
    with pytest.raises(TypeError, match=message):
        Runner.from_cfg(svm).test()


def test_features_that_are_no_numbers_are_named(svm, random_weights, tmp_path):
    state = torch.load(random_weights)['state_dict']
    state['backbone.layer3.1.bn2.weight'][5] = 3e38  # finite, but the features overflow
    state['backbone.layer3.1.bn2.running_var'][5] = 0
    torch.save(dict(state_dict=state), tmp_path / 'broken.pth')
    svm.load_from = str(tmp_path / 'broken.pth')
    message = (
        r'feature3 of train must be finite, but 16 of the 16 rows from 0 on hold NaN or infinity, '
        r'the first is row 0 \(.*\.jpg\): the weights of the checkpoint are broken'
    )
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(svm).test()
    assert not written(svm, 'svm-*/*.npy*')


def test_classes_with_too_few_positives_are_named(svm, voc2007, random_weights, tmp_path):
    """Before features are read, by name: what the fit would find out an hour later."""
    few = again(svm)
    few.test_cfg.reference.dataset.indices = 21
    message = (
        'at least 3 positives to train on, one for each of 3 folds, but there are .* aeroplane'
    )
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(few).test()
    few = again(few)
    few.test_cfg.reference.dataset.indices = 60
    few.test_dataloader.dataset.indices = 3
    with pytest.raises(ValueError, match='at least 1 positives to test on'):
        Runner.from_cfg(few).test()
    few = svm_config(LOW_SHOT, voc2007, tmp_path / 'few', random_weights)
    with pytest.raises(ValueError, match='to draw k=96 of them; lower test_cfg.shots'):
        Runner.from_cfg(few).test()
    assert not list(tmp_path.rglob('svm-*'))


def test_labels_of_another_kind_are_refused(svm):
    """MMPretrain's VOC lists the classes that are there, which looks alike."""
    for loader in (svm.test_dataloader, svm.test_cfg.reference):
        loader.dataset.type = 'VOC'
        loader.dataset.split = 'trainval'
    with pytest.raises(ValueError, match=r'each of the 20 classes, but sample 0 .*gt_label=\['):
        Runner.from_cfg(svm).test()


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


def test_metrics_beside_the_loop_are_refused(svm):
    svm.test_evaluator = dict(type='Accuracy')
    message = r"the loop gives the metrics: set test_evaluator=\[\], got \['Accuracy'\]"
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(svm).test()


def test_shuffled_images_are_refused(svm):
    svm.test_cfg.reference.sampler.shuffle = True
    with pytest.raises(ValueError, match='give the sampler shuffle=False'):
        Runner.from_cfg(svm).test()


def test_a_loader_that_drops_images_is_refused(svm):
    svm.test_dataloader.drop_last = True
    with pytest.raises(ValueError, match='the data loader gave 32 of 40 samples'):
        Runner.from_cfg(svm).test()
    assert not written(svm, 'svm-*/*_test.npy*')
