"""From a folder of images to an index: what is stored, what is left out, what is refused."""

import os
import shutil
import signal
from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from PIL import Image

from npid_mm.datasets import split_folder
from npid_mm.engine.features import dataset_features
from npid_mm.retrieval import FeatureIndex, ImageRetriever, build, build_index
from npid_mm.retrieval.image_files import ImagePipeline


def network(digits_run):
    """The model of the config with all its parts, as the Runner would test it."""
    cfg, checkpoint = digits_run
    model = MODELS.build({'data_preprocessor': cfg.model.data_preprocessor, **cfg.model})
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    model.load_state_dict(weights)
    return model.eval()


@pytest.fixture
def few(images, tmp_path):
    """Five digits of each of two classes."""
    folder = tmp_path / 'few'
    for name in ('3', '7'):
        (folder / name).mkdir(parents=True)
        for path in sorted((images / name).iterdir())[:5]:
            shutil.copy(path, folder / name)
    return folder


def index_of(few, digits_run, tmp_path, **arguments):
    arguments = dict(num_workers=0, batch_size=4) | arguments
    return build_index(tmp_path / 'index', *digits_run, few, **arguments)


def test_rows_are_the_embeddings_that_the_evaluations_use(digits_run, digits_index, digits):
    """Those of the held-out digits through the config's own loader and the whole model."""
    cfg, _ = digits_run
    loader = Runner.build_dataloader(cfg.test_dataloader)
    wanted = dataset_features(network(digits_run), loader, 'embedding')
    paths = [loader.dataset.get_data_info(i)['img_path'] for i in range(len(loader.dataset))]
    pairs = zip(digits_index.entries(), digits_index.rows, strict=True)
    have = {entry.path: row for entry, row in pairs}
    assert len(digits_index) == len(paths) and digits_index.rows.dtype == torch.bfloat16
    rows = torch.stack([have[path] for path in paths])
    torch.testing.assert_close(rows.float(), wanted, rtol=2**-8, atol=2**-9)


def test_pooled_features_where_the_knn_test_is_of_them(digits_run, few, tmp_path):
    cfg = Config(digits_run[0].to_dict())
    cfg.test_cfg.feature = 'backbone'
    index, _ = build_index(
        tmp_path / 'index', cfg, digits_run[1], few, dtype='float32', num_workers=0
    )
    pipeline = ImagePipeline(cfg)
    inputs = torch.stack([pipeline(entry.path)['inputs'] for entry in index.entries()]).float()
    model = network(digits_run)
    maps = model.backbone((inputs - 127) / 64)[-1]
    wanted = torch.nn.functional.normalize(maps.mean((2, 3)))
    assert index.dim == 64 != digits_run[0].model.neck.out_channels
    torch.testing.assert_close(index.rows, wanted, rtol=1e-4, atol=1e-5)


def test_workers_change_nothing(digits_run, few, tmp_path):
    one, _ = index_of(few, digits_run, tmp_path)
    two, _ = index_of(few, digits_run, tmp_path / 'two', num_workers=2)
    assert torch.equal(one.rows, two.rows) and list(one.entries()) == list(two.entries())


def test_labels_are_the_folders_of_the_images(digits_run, few, tmp_path):
    index, _ = index_of(few, digits_run, tmp_path)
    assert index.classes == ['3', '7']
    for path, label in index.entries():
        assert path.split('/')[-2] == label
    for path in few.rglob('*.png'):  # now they lie in the folder itself
        path.rename(few / f'{path.parent.name}_{path.name}')
    flat, _ = index_of(few, digits_run, tmp_path / 'flat')
    assert flat.classes == [] and {entry.label for entry in flat.entries()} == {None}


def test_labels_are_those_of_quickstart(digits_run, few, tmp_path):
    """Also of images in deeper folders: each image's line of the lists names its class."""
    for name in ('3', '7'):
        (few / name / 'deep').mkdir()
        for path in sorted((few / name).glob('*.png'))[:2]:
            path.rename(few / name / 'deep' / path.name)
    classes = split_folder(few, tmp_path)
    lines = (tmp_path / 'train.txt').read_text() + (tmp_path / 'val.txt').read_text()
    wanted = {
        str(few / path): classes[int(label)] for path, label in map(str.split, lines.splitlines())
    }
    index, _ = index_of(few, digits_run, tmp_path)
    assert {path: label for path, label in index.entries()} == wanted
    query = next(path for path in wanted if '/7/deep/' in path)
    assert ImageRetriever(index)(query)[0]['label'] == '7'


def test_what_cannot_be_read_is_named_and_left_out(digits_run, few, tmp_path):
    """Cut off, empty, and something else under the name of an image; the rest is kept."""
    broken = sorted((few / '3').iterdir())[:3]
    broken[0].write_bytes(broken[0].read_bytes()[:60])
    broken[1].write_bytes(b'')
    broken[2].write_text('a note')
    index, unreadable = index_of(few, digits_run, tmp_path)
    reasons = [
        'the file is cut off: its end is missing',
        'the file is empty',
        'the file is not an image of a known format',
    ]
    assert unreadable == dict(zip(map(str, broken), reasons, strict=True))
    assert len(index) == 7 and not set(unreadable) & {entry.path for entry in index.entries()}


def test_a_repaired_image_is_taken_in_later(digits_run, few, tmp_path):
    path = sorted((few / '3').iterdir())[0]
    good = path.read_bytes()
    path.write_bytes(good[:60])
    assert len(index_of(few, digits_run, tmp_path)[0]) == 9
    path.write_bytes(good)
    index, unreadable = index_of(few, digits_run, tmp_path)
    assert len(index) == 10 and not unreadable and index[9].path == str(path)


def test_nothing_readable_is_refused_and_leaves_no_index(digits_run, few, tmp_path):
    for path in few.rglob('*.png'):
        path.write_bytes(b'nothing')
    with pytest.raises(ValueError, match=r'no image of .*few can be read:\n  .*3/.*png'):
        index_of(few, digits_run, tmp_path)
    assert not (tmp_path / 'index').exists()


def test_an_empty_or_missing_folder_is_named(digits_run, tmp_path):
    (tmp_path / 'empty').mkdir()
    for name, message in (('empty', 'no image in .*empty: looked for .jpg'), ('x', 'no folder')):
        with pytest.raises(FileNotFoundError, match=message):
            index_of(tmp_path / name, digits_run, tmp_path)


def test_an_interrupted_build_goes_on_where_it_stopped(digits_run, images, tmp_path, monkeypatch):
    """The second run embeds what is missing only, and the end is that of an uninterrupted run."""
    monkeypatch.setattr(build, 'BLOCK', 64)
    append, blocks = FeatureIndex.append, []

    def stopping(self, rows, entries):
        if len(blocks) == 3:
            raise KeyboardInterrupt
        blocks.append(len(rows))
        append(self, rows, entries)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FeatureIndex, 'append', stopping)
        index_of(images, digits_run, tmp_path, batch_size=32)
    kept = len(FeatureIndex(tmp_path / 'index'))
    assert kept == sum(blocks) == 192

    def counting(self, rows, entries):
        blocks.append(len(rows))
        append(self, rows, entries)

    with monkeypatch.context() as patch:
        patch.setattr(FeatureIndex, 'append', counting)
        index, _ = index_of(images, digits_run, tmp_path, batch_size=32)
    whole, _ = index_of(images, digits_run, tmp_path / 'whole', batch_size=32)
    assert sum(blocks) == len(index) == len(whole) == 355
    assert list(index.entries()) == list(whole.entries())
    # batches that are cut elsewhere round otherwise
    torch.testing.assert_close(index.rows, whole.rows, rtol=2**-7, atol=2**-9)


def test_the_same_again_adds_nothing_and_another_folder_adds_its_own(
    digits_run, few, images, tmp_path
):
    first, _ = index_of(few, digits_run, tmp_path)
    before = (tmp_path / 'index/rows.bin').read_bytes()
    assert len(index_of(few, digits_run, tmp_path)[0]) == 10
    index, _ = index_of(images / '5', digits_run, tmp_path)
    more = len(list((images / '5').iterdir()))
    assert (
        len(index) == 10 + more
        and (tmp_path / 'index/rows.bin').read_bytes()[: len(before)] == before
    )
    assert index[10].label is None and index.classes == ['3', '7']


def test_another_network_preprocessing_or_dtype_is_refused(digits_run, other_run, few, tmp_path):
    """And the index stays as it is."""
    index_of(few, digits_run, tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / 'index').iterdir()}
    larger = Config(digits_run[0].to_dict())
    larger.test_dataloader.dataset.pipeline[1].scale = 20
    for run, arguments, key in (
        ((digits_run[0], other_run), {}, 'network'),
        ((larger, digits_run[1]), {}, 'preprocessing'),
        (digits_run, {'dtype': 'float32'}, 'dtype'),
    ):
        with pytest.raises(ValueError, match=f'is an index of another {key}: it has'):
            index_of(few, run, tmp_path, **arguments)
    assert {path: path.read_bytes() for path in (tmp_path / 'index').iterdir()} == files


@pytest.mark.parametrize('batch_size', [4, 1])
def test_images_of_several_sizes_need_a_pipeline_that_makes_them_equal(
    digits_run, few, tmp_path, batch_size
):
    """In one batch or in several, in a later folder, and as a query."""
    cfg = Config(digits_run[0].to_dict())
    del cfg.test_dataloader.dataset.pipeline[1]
    run, large = (cfg, digits_run[1]), tmp_path / 'large'
    shutil.copytree(few / '3', large)
    Image.new('RGB', (40, 30)).save(large / 'large.png')
    message = r'one size after the test pipeline, got \(\d+, \d+\) and \(\d+, \d+\)'
    with pytest.raises(ValueError, match=message):
        index_of(large, run, tmp_path, batch_size=batch_size)
    index_of(few, run, tmp_path, batch_size=batch_size)
    with pytest.raises(ValueError, match=message):
        index_of(large, run, tmp_path, batch_size=batch_size)
    with pytest.raises(ValueError, match=message):
        ImageRetriever(tmp_path / 'index')(large / 'large.png')


def test_a_killed_loader_ends_in_a_sentence_and_the_index_continues(
    digits_run, few, tmp_path, monkeypatch
):
    """As the system does where memory runs out."""
    paths = sorted(map(str, few.rglob('*.png')))
    prepare = ImagePipeline.__call__

    def killed(pipeline, image):
        if image == paths[-1]:
            os.kill(os.getpid(), signal.SIGKILL)
        return prepare(pipeline, image)

    monkeypatch.setattr(ImagePipeline, '__call__', killed)
    monkeypatch.setattr(build, 'BLOCK', 1)
    with pytest.raises(ChildProcessError, match='was killed.* the same command continues'):
        index_of(few, digits_run, tmp_path, batch_size=1, num_workers=1)
    assert 0 < len(FeatureIndex(tmp_path / 'index')) < len(paths)
    monkeypatch.undo()
    index, _ = index_of(few, digits_run, tmp_path)
    assert sorted(entry.path for entry in index.entries()) == paths


def test_images_that_no_network_should_see_are_left_out_with_the_reason(digits_run, few, tmp_path):
    Image.fromarray(np.full((9, 9), 4095, np.uint16)).save(few / 'deep.png')
    whole = next((few / '3').iterdir()).read_bytes()
    (few / 'cut.png').write_bytes(whole[:-30])
    (few / 'empty.png').touch()
    _, unreadable = index_of(few, digits_run, tmp_path)
    reasons = {Path(path).stem: reason for path, reason in unreadable.items()}
    assert set(reasons) == {'deep', 'cut', 'empty'}
    assert 'has 16-bit integers, of which 8 bits would be left' in reasons['deep']
    assert reasons['cut'] == 'the file is cut off: its end is missing'
    assert reasons['empty'] == 'the file is empty'


def test_a_folder_of_other_files_is_refused_before_the_work(digits_run, few, tmp_path, monkeypatch):
    monkeypatch.setattr(build, '_embed', None)
    (tmp_path / 'index').mkdir()
    (tmp_path / 'index/notes.txt').touch()
    with pytest.raises(FileExistsError, match='an index or an empty folder, but it holds other'):
        index_of(few, digits_run, tmp_path)


def test_data_sets_that_need_no_loading_have_their_channels_in_rgb(digits_run, tmp_path):
    """MMPretrain's CIFAR-10 gives RGB, files are read as BGR: the network sees no difference."""
    cfg = Config(digits_run[0].to_dict())
    cfg.test_dataloader.dataset.pipeline = [dict(type='PackInputs')]
    rgb = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    pipeline = ImagePipeline(cfg)
    wanted = torch.from_numpy(rgb).permute(2, 0, 1)
    assert torch.equal(pipeline(str(tmp_path / 'a.png'))['inputs'], wanted)
    assert torch.equal(pipeline(mmcv.imread(tmp_path / 'a.png'))['inputs'], wanted)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(dtype='int8'), "dtype must be one of bfloat16, float16, float32, got 'int8'"),
        (dict(batch_size=0), 'batch_size must be at least 1, got 0'),
    ],
)
def test_refuses_what_is_not_allowed(digits_run, few, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        index_of(few, digits_run, tmp_path, **arguments)
