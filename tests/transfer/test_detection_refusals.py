"""Messages of detection trainings that must not start."""

import pytest
import torch
from torchvision.models import resnet18

from npid_mm.checkpoints import backbone_weights
from npid_mm.config.checks.data_folders import check_data_folders
from npid_mm.engine.launch import build_runner
from tests.transfer.small_detection import FPN_1X, VOC07, VOC0712, small_config

pytestmark = pytest.mark.slow


@pytest.fixture
def start(detection_data, tmp_path):
    """Start a training of a config from a checkpoint."""

    def start(path, pretrained):
        cfg = small_config(path, detection_data, tmp_path / 'run', pretrained, length=1)
        build_runner(cfg).train()

    return start


@pytest.fixture
def shallow(tmp_path):
    """Checkpoint of a ResNet-18."""
    state = {f'backbone.{name}': value for name, value in resnet18().state_dict().items()}
    torch.save(
        dict(state_dict={name: each for name, each in state.items() if '.fc.' not in name}),
        tmp_path / 'resnet18.pth',
    )
    return tmp_path / 'resnet18.pth'


@pytest.mark.parametrize('path', [VOC0712, FPN_1X], ids=lambda path: path.stem)
def test_without_a_checkpoint(start, path):
    with pytest.raises(ValueError, match='--cfg-options pretrained=PATH'):
        start(path, None)


@pytest.mark.parametrize('path', [VOC07, FPN_1X], ids=lambda path: path.stem)
def test_checkpoint_of_another_depth(start, path, shallow):
    expected = (
        rf'(?s){shallow} does not fit the backbone of the (Faster|Mask)RCNN:'
        r'.*missing: .*layer1\.0\.conv3\.weight.*layer1\.0\.conv1\.weight \(64, 64, 3, 3\) instead '
        r'of \(64, 64, 1, 1\).*give the checkpoint of this one'
    )
    with pytest.raises(ValueError, match=expected):
        start(path, shallow)


@pytest.mark.parametrize('path', [VOC0712, VOC07], ids=lambda path: path.stem)
def test_checkpoint_without_the_last_stage(start, path, npid_checkpoint, tmp_path):
    """Upstream would fill the backbone and leave res5, in the head, at its initial values."""
    state = torch.load(npid_checkpoint, weights_only=True)['state_dict']
    cut = {name: value for name, value in state.items() if 'layer4' not in name}
    torch.save(dict(state_dict=cut), tmp_path / 'cut.pth')
    with pytest.raises(ValueError, match=r'(?s)cut\.pth does not fit.*missing: layer4\.0\.conv1'):
        start(path, tmp_path / 'cut.pth')


@pytest.mark.parametrize('path', [VOC0712, FPN_1X], ids=lambda path: path.stem)
def test_load_from_that_leaves_the_backbone_as_it_was(
    path, npid_checkpoint, detection_data, tmp_path
):
    """MMEngine ignores the keys of a bare backbone, and res5 of a pretraining for C4."""
    cfg = small_config(path, detection_data, tmp_path / 'run', None, length=1)
    cfg.load_from = str(npid_checkpoint)
    missing = r'roi_head\.shared_head\.layer4\.0\.conv1\.weight'
    if path == FPN_1X:
        cfg.load_from = str(tmp_path / 'bare.pth')
        torch.save(backbone_weights(npid_checkpoint), cfg.load_from)
        missing = r'backbone\.conv1\.weight'
    expected = rf'(?s)would leave the backbone of the (Faster|Mask)RCNN untr.*missing: {missing}'
    with pytest.raises(ValueError, match=expected):
        build_runner(cfg).train()


def test_checkpoint_that_is_not_there(start):
    with pytest.raises(FileNotFoundError, match='checkpoint not found: nowhere.pth'):
        start(VOC0712, 'nowhere.pth')


@pytest.mark.parametrize(
    ('path', 'missing'),
    [
        (VOC0712, 'train_dataloader: .*/VOC2012/ImageSets/Main/trainval.txt'),
        (FPN_1X, 'train_dataloader: .*/coco/annotations/instances_train2017.json'),
    ],
    ids=lambda value: getattr(value, 'stem', ''),
)
def test_folder_without_the_data(path, missing, tmp_path):
    """A wrong devkit folder is reported before anything is built."""
    cfg = small_config(path, tmp_path / 'data', tmp_path, 'random', length=1)
    with pytest.raises(FileNotFoundError, match=f'(?s)not where the config looks.*{missing}'):
        check_data_folders(cfg, 'train_dataloader', 'val_dataloader')
