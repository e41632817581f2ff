"""Models and metrics that the SVM loops refuse."""

import pytest
import torch
from mmengine.runner import Runner

pytestmark = pytest.mark.slow


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


def test_metrics_beside_the_loop_are_refused(svm):
    svm.test_evaluator = dict(type='Accuracy')
    message = r"the loop gives the metrics: set test_evaluator=\[\], got \['Accuracy'\]"
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(svm).test()
