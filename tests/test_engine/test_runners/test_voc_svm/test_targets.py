"""Labels that the VOC07 SVMs cannot be trained on or tested with."""

import pytest
from mmengine.runner import Runner

from tests.svm_runs import LOW_SHOT, again, svm_config

pytestmark = pytest.mark.slow


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
