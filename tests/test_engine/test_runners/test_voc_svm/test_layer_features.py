"""Features and data loaders that are refused, by the message."""

import pytest
import torch
from mmengine.runner import Runner

from tests.svm_runs import written

pytestmark = pytest.mark.slow


def test_features_that_are_not_finite_are_named(svm, random_weights, tmp_path):
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


def test_shuffled_images_are_refused(svm):
    svm.test_cfg.reference.sampler.shuffle = True
    with pytest.raises(ValueError, match='give the sampler shuffle=False'):
        Runner.from_cfg(svm).test()


def test_a_loader_that_drops_images_is_refused(svm):
    svm.test_dataloader.drop_last = True
    with pytest.raises(ValueError, match='the data loader gave 32 of 40 samples'):
        Runner.from_cfg(svm).test()
    assert not written(svm, 'svm-*/*_test.npy*')
