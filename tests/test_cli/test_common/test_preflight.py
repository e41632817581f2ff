"""Checks of a run before its model is built."""

import pytest
import torch

from npid_mm.cli.common.preflight import check_checkpoint


def test_a_checkpoint_and_an_address_pass(tmp_path):
    """A bare state dict, one of a run, and a URL that nobody asks."""
    weights = {'backbone.conv1.weight': torch.zeros(2)}
    for name, content in (('bare.pth', weights), ('run.pth', {'state_dict': weights})):
        torch.save(content, tmp_path / name)
        assert check_checkpoint(str(tmp_path / name)) == str(tmp_path / name)
    assert check_checkpoint('https://nowhere.example/a.pth') == 'https://nowhere.example/a.pth'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'words': ['none']}, 'holds no network, only words: give a checkpoint with a state dict'),
        ({'state_dict': {}}, 'holds no network, only nothing'),
        ([1, 2], 'holds no network, only nothing'),
    ],
)
def test_a_file_without_weights_is_refused(content, message, tmp_path):
    torch.save(content, tmp_path / 'file.pth')
    with pytest.raises(ValueError, match=f'file.pth {message}'):
        check_checkpoint(str(tmp_path / 'file.pth'))


def test_a_damaged_file_is_refused(tmp_path):
    """It begins as a zip file does."""
    (tmp_path / 'file.pth').write_bytes(b'PK and nothing more')
    with pytest.raises(ValueError, match='cannot read .*file.pth as a checkpoint'):
        check_checkpoint(str(tmp_path / 'file.pth'))
