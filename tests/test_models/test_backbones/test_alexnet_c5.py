"""AlexNet without its last pooling, beside MMPretrain's AlexNet."""

import pytest
import torch
from mmpretrain.models import AlexNet
from torch.nn.functional import max_pool2d

from npid_mm.models import AlexNetC5


def test_the_map_before_the_last_pooling():
    whole, cut = AlexNet(), AlexNetC5()
    cut.load_state_dict(whole.state_dict())
    images = torch.randn(2, 3, 96, 128)
    with torch.no_grad():
        (pooled,), (features,) = whole(images), cut(images)
    assert features.shape == (2, 256, 5, 7)
    assert torch.equal(max_pool2d(features, 3, 2), pooled)


def test_the_first_convolutions_are_fixed():
    names = [name for name, value in AlexNetC5(2).named_parameters() if not value.requires_grad]
    first, second = 'features.0', 'features.3'
    assert names == [f'{first}.weight', f'{first}.bias', f'{second}.weight', f'{second}.bias']
    assert all(value.requires_grad for value in AlexNetC5().parameters())
    with pytest.raises(ValueError, match='frozen_stages must be 0 to 5, got 6'):
        AlexNetC5(6)
