"""The messages that docs/faq.md explains."""

import re

import pytest
import torch
from mmpretrain.structures import DataSample
from torch.utils.data import ConcatDataset

from npid_mm.datasets import check_instances, dataset_labels
from npid_mm.models import ExactSoftmaxHead, MemoryBank
from npid_mm.retrieval import build_approximate
from npid_mm.version_gate import check_versions
from tests.toy import ROOT


class Unlabelled(list):
    """Images without labels, as MMEngine's data sets describe them."""

    def get_data_info(self, index):
        return {'img_path': self[index]}


def of_two_parts():
    """A concatenation whose parts count from 0 each."""
    part = [{'data_samples': DataSample(metainfo={'sample_idx': i})} for i in range(20)]
    return ConcatDataset([part, part])


OFFICIAL = {
    'torch': '2.10.0',
    'mmengine': '0.10.7',
    'mmcv-lite': '2.1.0',
    'mmpretrain': '1.2.0',
}


@pytest.mark.parametrize(
    'mistake',
    [
        lambda: MemoryBank(length=25).set_length(20),
        lambda: MemoryBank().check_index(torch.tensor([0])),
        lambda: MemoryBank(length=20).check_index(torch.tensor([20])),
        lambda: check_instances(of_two_parts()),
        lambda: check_instances([{'data_samples': DataSample()}]),
        lambda: dataset_labels(Unlabelled(['image.jpg']), 'val_dataloader'),
        lambda: ExactSoftmaxHead(temperature=0),
        lambda: build_approximate([None] * 200),
        lambda: check_versions({**OFFICIAL, 'onedl-mmengine': '0.10.12'}),
        lambda: check_versions(OFFICIAL),
    ],
)
def test_faq_has_the_messages_as_they_are_printed(mistake):
    """A user searches the page for what stands on the screen."""
    with pytest.raises((ValueError, IndexError, KeyError, ImportError)) as caught:
        mistake()
    printed = str(caught.value.args[0]).partition('\n')[0].rstrip('.')
    text = (ROOT / 'docs/faq.md').read_text()
    quoted = [
        ' '.join(each.split()).rstrip('.') for each in re.findall(r'(?<!`)`([^`]+)`(?!`)', text)
    ]
    # long ones are cut off behind what says which error it is
    assert any(printed.startswith(each) for each in quoted if len(each) > 25), printed
