"""Images of an index: channels, sizes and killed workers."""

import os
import shutil
import signal

import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.retrieval import FeatureIndex, ImageRetriever, build, build_index


def test_pipelines_without_a_loading_step_get_rgb(digits_run, tmp_path):
    """MMPretrain's CIFAR-10 is RGB in memory; files and arrays are BGR."""
    cfg = Config(digits_run[0].to_dict())
    cfg.test_dataloader.dataset.pipeline = [dict(type='PackInputs')]
    rgb = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    pipeline = ImagePipeline(cfg)
    expected = torch.from_numpy(rgb).permute(2, 0, 1)
    assert torch.equal(pipeline(str(tmp_path / 'a.png'))['inputs'], expected)
    assert torch.equal(pipeline(mmcv.imread(tmp_path / 'a.png'))['inputs'], expected)


@pytest.mark.slow
@pytest.mark.parametrize('batch_size', [4, 1])
def test_images_of_several_sizes_are_refused_unless_the_pipeline_resizes_them(
    digits_run, few, tmp_path, batch_size
):
    """In one batch, in several batches, in a later folder, and as a query."""
    cfg = Config(digits_run[0].to_dict())
    del cfg.test_dataloader.dataset.pipeline[1]
    run, large = (cfg, digits_run[1]), tmp_path / 'large'
    shutil.copytree(few / '3', large)
    Image.new('RGB', (40, 30)).save(large / 'large.png')
    message = r'one size after the test pipeline, got \(\d+, \d+\) and \(\d+, \d+\)'
    with pytest.raises(ValueError, match=message):
        build_index(tmp_path / 'index', *run, large, batch_size=batch_size, num_workers=0)
    build_index(tmp_path / 'index', *run, few, batch_size=batch_size, num_workers=0)
    with pytest.raises(ValueError, match=message):
        build_index(tmp_path / 'index', *run, large, batch_size=batch_size, num_workers=0)
    with pytest.raises(ValueError, match=message):
        ImageRetriever(tmp_path / 'index')(large / 'large.png')


@pytest.mark.slow
def test_a_killed_worker_is_reported_and_the_build_can_be_resumed(
    digits_run, few, tmp_path, monkeypatch
):
    """The operating system kills a process like this when memory runs out."""
    paths = sorted(map(str, few.rglob('*.png')))
    prepare = ImagePipeline.__call__

    def killed(pipeline, image):
        if image == paths[-1]:
            os.kill(os.getpid(), signal.SIGKILL)
        return prepare(pipeline, image)

    monkeypatch.setattr(ImagePipeline, '__call__', killed)
    monkeypatch.setattr(build, 'BLOCK', 1)
    with pytest.raises(ChildProcessError, match='was killed.* the same command continues'):
        build_index(tmp_path / 'index', *digits_run, few, batch_size=1, num_workers=1)
    assert 0 < len(FeatureIndex(tmp_path / 'index')) < len(paths)
    monkeypatch.undo()
    index, _ = build_index(tmp_path / 'index', *digits_run, few, num_workers=0)
    assert sorted(entry.path for entry in index.entries()) == paths
