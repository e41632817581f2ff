"""Build an index of a folder: stored rows, skipped images, refused settings."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from PIL import Image

from npid_mm.datasets import split_folder
from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.features import dataset_features
from npid_mm.retrieval import FeatureIndex, ImageRetriever, build, build_index

pytestmark = pytest.mark.slow


def network(digits_run):
    """The whole model of the config, as the Runner tests it."""
    cfg, checkpoint = digits_run
    model = MODELS.build({'data_preprocessor': cfg.model.data_preprocessor, **cfg.model})
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    model.load_state_dict(weights)
    return model.eval()


def index_of(few, digits_run, tmp_path, **arguments):
    arguments = dict(num_workers=0, batch_size=4) | arguments
    return build_index(tmp_path / 'index', *digits_run, few, **arguments)


def test_rows_are_the_embeddings_that_the_evaluations_use(digits_run, digits_index, digits):
    """Computed with the config's loader and the whole model."""
    cfg, _ = digits_run
    loader = Runner.build_dataloader(cfg.test_dataloader)
    expected = dataset_features(network(digits_run), loader, 'embedding')
    paths = [loader.dataset.get_data_info(i)['img_path'] for i in range(len(loader.dataset))]
    pairs = zip(digits_index.entries(), digits_index.rows, strict=True)
    have = {entry.path: row for entry, row in pairs}
    assert len(digits_index) == len(paths) and digits_index.rows.dtype == torch.float16
    rows = torch.stack([have[path] for path in paths])
    torch.testing.assert_close(rows.float(), expected, rtol=2**-10, atol=2**-12)


def test_pooled_features_if_the_knn_test_uses_them(digits_run, few, tmp_path):
    cfg = Config(digits_run[0].to_dict())
    cfg.test_cfg.feature = 'backbone'
    index, _ = build_index(
        tmp_path / 'index', cfg, digits_run[1], few, dtype='float32', num_workers=0
    )
    pipeline = ImagePipeline(cfg)
    inputs = torch.stack([pipeline(entry.path)['inputs'] for entry in index.entries()]).float()
    model = network(digits_run)
    maps = model.backbone((inputs - 127) / 64)[-1]
    expected = torch.nn.functional.normalize(maps.mean((2, 3)))
    assert index.dim == 64 != digits_run[0].model.neck.out_channels
    torch.testing.assert_close(index.rows, expected, rtol=1e-4, atol=1e-5)


def test_the_number_of_workers_changes_nothing(digits_run, few, tmp_path):
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
    """Also for images in deeper folders."""
    for name in ('3', '7'):
        (few / name / 'deep').mkdir()
        for path in sorted((few / name).glob('*.png'))[:2]:
            path.rename(few / name / 'deep' / path.name)
    classes = split_folder(few, tmp_path)
    lines = (tmp_path / 'train.txt').read_text() + (tmp_path / 'val.txt').read_text()
    expected = {
        str(few / path): classes[int(label)] for path, label in map(str.split, lines.splitlines())
    }
    index, _ = index_of(few, digits_run, tmp_path)
    assert {path: label for path, label in index.entries()} == expected
    query = next(path for path in expected if '/7/deep/' in path)
    assert ImageRetriever(index)(query)[0]['label'] == '7'


def test_unreadable_images_are_named_and_skipped(digits_run, few, tmp_path):
    broken = sorted((few / '3').iterdir())[:4]
    broken[0].write_bytes(broken[0].read_bytes()[:60])
    broken[1].write_bytes(b'')
    broken[2].write_text('a note')
    Image.fromarray(np.full((9, 9), 4095, np.uint16)).save(broken[3])
    index, unreadable = index_of(few, digits_run, tmp_path)
    reasons = [
        'the file is cut off: its end is missing',
        'the file is empty',
        'the file is not an image of a known format',
    ]
    assert list(unreadable) == list(map(str, broken))
    assert list(unreadable.values())[:3] == reasons
    assert (
        'has 16-bit integers, and reading it would keep only 8 bits' in unreadable[str(broken[3])]
    )
    assert len(index) == 6 and not set(unreadable) & {entry.path for entry in index.entries()}


def test_a_repaired_image_is_added_later(digits_run, few, tmp_path):
    path = sorted((few / '3').iterdir())[0]
    good = path.read_bytes()
    path.write_bytes(good[:60])
    assert len(index_of(few, digits_run, tmp_path)[0]) == 9
    path.write_bytes(good)
    index, unreadable = index_of(few, digits_run, tmp_path)
    assert len(index) == 10 and not unreadable and index[9].path == str(path)


def test_a_folder_without_readable_images_is_refused_and_leaves_no_index(digits_run, few, tmp_path):
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


def test_an_interrupted_build_resumes(digits_run, images, tmp_path, monkeypatch):
    """The second run embeds only what is missing, and gives the same index."""
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
    # other batches have other rounding errors
    torch.testing.assert_close(index.rows, whole.rows, rtol=2**-9, atol=2**-11)


def test_the_same_folder_adds_nothing_and_another_one_its_images(digits_run, few, images, tmp_path):
    first, _ = index_of(few, digits_run, tmp_path)
    before = (tmp_path / 'index/rows.npy').read_bytes()
    assert len(index_of(few, digits_run, tmp_path)[0]) == 10
    index, _ = index_of(images / '5', digits_run, tmp_path)
    more = len(list((images / '5').iterdir()))
    assert (
        len(index) == 10 + more
        and (tmp_path / 'index/rows.npy').read_bytes()[128 : len(before)] == before[128:]
    )
    assert index[10].label is None and index.classes == ['3', '7']


def test_another_network_preprocessing_or_dtype_is_refused(digits_run, other_run, few, tmp_path):
    """And the index does not change."""
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


def test_a_folder_of_other_files_is_refused_at_once(digits_run, few, tmp_path, monkeypatch):
    monkeypatch.setattr(build, 'embed_files', None)
    (tmp_path / 'index').mkdir()
    (tmp_path / 'index/notes.txt').touch()
    with pytest.raises(FileExistsError, match='an index or an empty folder, but it holds other'):
        index_of(few, digits_run, tmp_path)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(dtype='int8'), "dtype must be one of float16, float32, got 'int8'"),
        (dict(batch_size=0), 'batch_size must be at least 1, got 0'),
    ],
)
def test_other_arguments_are_refused(digits_run, few, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        index_of(few, digits_run, tmp_path, **arguments)
