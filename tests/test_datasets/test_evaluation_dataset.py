"""Evaluation data sets with unreadable images."""

import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.datasets import CustomDataset
from torch.utils.data import DataLoader

from npid_mm.datasets import EvaluationDataset, Selection
from npid_mm.datasets.tolerant_dataset import TooManyUnreadableError

READ = [dict(type='LoadImage'), dict(type='PackInputs')]


@pytest.mark.parametrize('num_workers', [0, 2])
def test_unreadable_samples_are_marked_and_the_others_unchanged(broken, num_workers):
    dataset = EvaluationDataset(broken, max_unreadable=0.2)
    loader = DataLoader(dataset, batch_size=6, num_workers=num_workers, collate_fn=default_collate)
    samples = [sample for batch in loader for sample in batch['data_samples']]
    inputs = [image for batch in loader for image in batch['inputs']]
    assert [sample.sample_idx for sample in samples] == list(range(20))
    marked = [sample.sample_idx for sample in samples if sample.get('unreadable', False)]
    assert marked == [3, 11]
    assert dataset.unreadable.nonzero().flatten().tolist() == marked
    for index in set(range(20)) - set(marked):
        assert torch.equal(inputs[index], broken[index]['inputs'])
    text = dataset.left_out(marked)
    assert text.startswith('2 of 20 cannot be read and are left out: ') and '\n' not in text
    assert text.count('.png: the file is not an image of a known format') == 2


def test_too_many_unreadable_images_are_an_error(broken):
    dataset = EvaluationDataset(broken, max_unreadable=0.05)
    with pytest.raises(TooManyUnreadableError, match='cannot read 2 of 20 .* allows 1; remove'):
        [dataset[index] for index in range(20)]
    with pytest.raises(TooManyUnreadableError, match='cannot read 1 of 20 .* allows 0; remove'):
        EvaluationDataset(broken, max_unreadable=0)[3]


def test_no_readable_image_is_an_error(tmp_path):
    (tmp_path / '0.png').write_bytes(b'no image')
    dataset = EvaluationDataset(
        CustomDataset(data_root=str(tmp_path), pipeline=READ, with_label=False), 0.9
    )
    with pytest.raises(TooManyUnreadableError, match='no image of 1 can be read'):
        dataset[0]


def test_a_selection_has_the_samples_at_its_positions(broken):
    chosen = Selection(broken, torch.tensor([5, 2]))
    assert len(chosen) == 2 and chosen.metainfo == broken.metainfo
    assert chosen.get_data_info(0)['img_path'].endswith('05.png')
    assert torch.equal(chosen[1]['inputs'], broken[2]['inputs'])
