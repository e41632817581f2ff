"""The layers of a pretraining's neck on the regions of a detector."""

import torch
from mmpretrain.models import NonLinearNeck

from npid_mm.models import RegionLayers


def test_regions_go_through_the_hidden_layers_of_the_neck():
    """With the names of the neck, and with its statistics also in training."""
    norm = dict(type='BN1d')
    shape = dict(in_channels=18, hid_channels=5, out_channels=3, num_layers=3)
    neck = NonLinearNeck(
        **shape, with_last_bn=False, with_last_bias=True, with_avg_pool=False, norm_cfg=norm
    )
    for _ in range(3):
        neck.train()((torch.randn(8, 18) + 1,))
    layers = RegionLayers(18, hid_channels=5)
    hidden = {name: value for name, value in neck.state_dict().items() if 'fc2' not in name}
    layers.load_state_dict(hidden)
    regions = torch.randn(4, 2, 3, 3)
    features = layers.train()(regions)
    assert features.shape == (4, 5, 1, 1)
    expected = neck.eval()((regions,))[0]
    torch.testing.assert_close(neck.fc2(features.flatten(1)), expected)
    assert torch.equal(layers.state_dict()['bn0.running_mean'], hidden['bn0.running_mean'])
