"""The tools that draw a checkpoint, on a short training on digits."""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.runner import Runner
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from npid_mm.analysis.held_out_search import load_bank, search_held_out
from npid_mm.analysis.stored_images import stored_image
from npid_mm.engine.features import dataset_features
from npid_mm.visualization.sheet_layout import HEADING, Sheet
from npid_mm.visualization.style import RIGHT, WRONG
from tests.toy import ROOT, digits_config

pytestmark = pytest.mark.slow

K = 5


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """Train two epochs on 206 digits of all classes; return config, checkpoint and model."""
    work_dir = tmp_path_factory.mktemp('small')
    cfg = digits_config(digits, work_dir, epochs=2)
    cfg.train_cfg.val_interval = 1
    cfg.model.memory_bank.init = 'features'  # two epochs change random rows little
    for dataset in (cfg.train_dataloader.dataset.dataset, cfg.test_cfg.reference.dataset):
        dataset.indices = list(range(0, 1442, 7))
    for dataset in (cfg.val_dataloader.dataset, cfg.test_dataloader.dataset):
        dataset.indices = list(range(0, 355, 3))
    runner = Runner.from_cfg(cfg)
    runner.train()
    cfg.dump(work_dir / 'small.py')
    return SimpleNamespace(
        config=work_dir / 'small.py', checkpoint=work_dir / 'epoch_2.pth', model=runner.model.eval()
    )


@pytest.fixture
def draw(trained, monkeypatch, capsys, tmp_path):
    """Run a command of ``npid draw`` on ``trained``; return its output."""

    def draw(name, *arguments, checkpoint=trained.checkpoint):
        own = [] if name == 'curves' else [trained.config, checkpoint]
        monkeypatch.chdir(tmp_path)
        import_module(f'npid_mm.cli.draw.{name}').main([*map(str, [*own, *arguments])])
        return capsys.readouterr().out

    return draw


def read(trained):
    """Read the config as the tools do."""
    return Config.fromfile(trained.config)


def features(trained, loader):
    """Return unit rows and labels, from the trained model."""
    loader = Runner.build_dataloader(loader)
    labels = [loader.dataset.get_data_info(i)['gt_label'] for i in range(len(loader.dataset))]
    return dataset_features(trained.model, loader, 'embedding').numpy(), np.array(labels)


@pytest.mark.parametrize('reference', ['recomputed', 'bank'])
def test_class_accuracy_is_that_of_scikit_learn(draw, trained, tmp_path, reference):
    """Compare the accuracy per class, in the JSON file, with another library."""
    options = ['--cfg-options', 'test_cfg.reference=bank'] if reference == 'bank' else []
    out = tmp_path / 'new' / 'classes.png'
    printed = draw('class_accuracy', '--k', K, '--out', out, *options)
    cfg = read(trained)
    rows, labels = features(trained, cfg.test_cfg.reference)
    if reference == 'bank':
        rows = torch.load(trained.checkpoint)['state_dict']['memory_bank.feature_bank'].numpy()
    query, truth = features(trained, cfg.test_dataloader)
    voters = KNeighborsClassifier(
        K, metric='cosine', weights=lambda distance: np.exp((1 - distance) / 0.07)
    ).fit(rows, labels)
    right = voters.predict(query) == truth
    assert 0.15 < right.mean() < 0.99  # neither chance level nor trivial
    figures = load(out.with_suffix('.json'))
    counted = {each['label']: (each['right'], each['images']) for each in figures['classes']}
    assert counted == {c: (right[truth == c].sum(), (truth == c).sum()) for c in set(truth)}
    assert figures['accuracy'] == pytest.approx(100 * right.mean())
    assert (figures['k'], figures['temperature']) == (K, 0.07)
    assert f'{100 * right.mean():.2f} % of 119 images' in printed and f'Look at {out}' in printed
    assert [each['name'] for each in figures['classes']] == [
        str(each['label']) for each in figures['classes']
    ]


def test_the_test_loop_gives_the_same_accuracy(draw, trained, tmp_path):
    cfg = read(trained)
    cfg.test_cfg.k = (K,)
    cfg.load_from = str(trained.checkpoint)
    cfg.experiment_name = 'the_test_loop'
    cfg.work_dir = str(tmp_path)
    metrics = Runner.from_cfg(cfg).test()
    draw('class_accuracy', '--k', K, '--out', tmp_path / 'a.png')
    assert load(tmp_path / 'a.json')['accuracy'] == pytest.approx(metrics[f'knn/top1_k{K}'])


def test_the_retrieval_figure_shows_the_nearest_images(draw, trained, tmp_path):
    """Compare images and frames of every row with a search in NumPy."""
    printed = draw('retrieval', '--rows', 2, '--k', 3, '--seed', 4, '--out', tmp_path / 'a.png')
    assert f'Look at {tmp_path / "a.png"}' in printed
    cfg = read(trained)
    rows, labels = features(trained, cfg.test_cfg.reference)
    query, truth = features(trained, cfg.test_dataloader)
    index = np.argsort(-(query @ rows.T), axis=1)[:, :3]
    right = labels[index] == truth[:, None]
    sheet = Sheet(6, 3, 72, True)
    found = search_held_out(cfg, trained.checkpoint, 3)
    assert np.array_equal(found.index.numpy(), index)
    pixels = np.asarray(Image.open(tmp_path / 'a.png').convert('RGB')).astype(float)

    def cell(row, column):
        top = sheet.top + row * sheet.row_height + HEADING * (1 + row // 2)
        return pixels[top : top + 72, sheet.left(column) : sheet.left(column) + 72]

    def thumb(image):
        image = Image.fromarray(image).resize((66, 66), Image.Resampling.BICUBIC)
        return np.asarray(image.convert('RGB')).astype(float)[20:, :40]  # beside the mark

    queries = [thumb(stored_image(found.queries, i)) for i in range(119)]
    shown = []
    for row in range(6):
        own = cell(row, 0)[23:69, 3:43]
        distance = [abs(own - each).mean() for each in queries]
        shown.append(int(np.argmin(distance)))
        assert min(distance) < 1
        for rank, neighbor in enumerate(index[shown[-1]]):
            drawn = cell(row, 1 + rank)
            expected = thumb(stored_image(found.references, int(neighbor)))
            assert abs(drawn[23:69, 3:43] - expected).mean() < 1
            color = RIGHT if right[shown[-1], rank] else WRONG
            color = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
            assert (drawn[-3:] == color).all()
    counts = right.sum(1)
    assert set(counts[shown[:2]]) == {counts.max()} and set(counts[shown[2:4]]) == {counts.min()}


def test_without_labels_there_are_random_queries_only(draw, digits, monkeypatch, tmp_path):
    """Lists without classes: one section, no frame, and no accuracy."""
    options = []
    for name, at in (('val', 'test_dataloader'), ('train', 'test_cfg.reference')):
        lines = (digits / f'{name}.txt').read_text().splitlines()
        (tmp_path / f'{name}.txt').write_text('\n'.join(line.split()[0] for line in lines))
        options += [
            f'{at}.dataset.ann_file={tmp_path / name}.txt',
            f'{at}.dataset.with_label=False',
        ]
    draw('retrieval', '--rows', 3, '--k', 2, '--out', 'a.png', '--cfg-options', *options)
    with Image.open(tmp_path / 'a.png') as image:
        assert image.size == Sheet(3, 2, 72, False, sections={'': 3}).image.size
        found = np.asarray(image.convert('RGB')).astype(int)
    assert np.ptp(found, axis=-1).max() == 0  # digits and letters are gray
    # raised before the features are computed
    monkeypatch.setattr('npid_mm.analysis.held_out_search.readable_features', None)
    with pytest.raises(ValueError, match='accuracy needs labels, and .* has none'):
        draw('class_accuracy', '--out', 'b.png', '--cfg-options', *options)
    assert not (tmp_path / 'b.png').exists()


def test_the_map_of_the_bank_depends_on_the_seed(draw, tmp_path):
    files = []
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        out = tmp_path / f'{name}.png'
        assert str(out) in draw('bank', '--points', 40, '--seed', seed, '--out', out)
        files.append(out.read_bytes())
    assert files[0] == files[1] != files[2]


def test_the_bank_is_that_of_the_checkpoint_with_its_images(trained):
    rows, images = load_bank(read(trained), trained.checkpoint)
    assert torch.equal(rows, trained.model.memory_bank.feature_bank) and len(images) == 206


def test_curves_of_two_runs(draw, trained, tmp_path):
    """A work dir and its scalars: the same panels as for one run, with colors in the legend."""
    work_dir = trained.checkpoint.parent
    (scalars,) = work_dir.glob('*/vis_data/scalars.json')
    draw('curves', work_dir, '--out', tmp_path / 'one.png')
    printed = draw('curves', work_dir, scalars, '--names', 'x', 'y', '--out', tmp_path / 'two.png')
    assert f'Look at {tmp_path / "two.png"}' in printed
    one, two = (
        np.asarray(Image.open(tmp_path / f'{n}.png').convert('RGB')) for n in ('one', 'two')
    )
    assert one.shape == two.shape
    legend = slice(-30, None)
    assert np.ptp(two[legend].astype(int), axis=-1).max() > 60  # the names of the runs
    assert np.ptp(one[legend].astype(int), axis=-1).max() < 10
    printed = draw('curves', work_dir)
    assert re.search(r'Look at \S+/curves\.png', printed)
    Path(work_dir / 'curves.png').unlink()


def test_the_page_has_a_command_of_every_tool():
    """tests/commands runs them."""
    page = (ROOT / 'docs/pictures.md').read_text()
    typed = set(re.findall(r'^python tools/visualization/(\w+)\.py ', page, re.MULTILINE))
    assert typed == {path.stem for path in (ROOT / 'tools/visualization').glob('*.py')}


@pytest.mark.parametrize('tool', ['retrieval', 'class_accuracy', 'bank'])
def test_missing_checkpoint_and_data_are_named(draw, tmp_path, tool):
    with pytest.raises(FileNotFoundError, match='checkpoint not found: nowhere.pth'):
        draw(tool, checkpoint='nowhere.pth')
    loader = 'train' if tool == 'bank' else 'test'
    part = 'dataset.dataset' if tool == 'bank' else 'dataset'
    with pytest.raises(FileNotFoundError, match='cannot load the t.* set: .*nowhere.*data_root'):
        draw(tool, '--cfg-options', f'{loader}_dataloader.{part}.data_root=nowhere')
    assert not list(tmp_path.iterdir())


def test_a_bank_of_other_images_is_refused(draw, trained, tmp_path):
    with pytest.raises(ValueError, match='has 206 rows, but the training set has 50 images'):
        draw('bank', '--cfg-options', 'train_dataloader.dataset.dataset.indices=50')
    state = trained.model.state_dict()
    del state['memory_bank.feature_bank']
    torch.save({'state_dict': state}, tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match=r'bare\.pth has no memory bank \(memory_bank'):
        draw('bank', checkpoint=tmp_path / 'bare.pth')


def test_the_bank_has_no_pooled_features(draw):
    options = ['--cfg-options', 'test_cfg.reference=bank', 'test_cfg.feature=backbone']
    with pytest.raises(ValueError, match="feature must be 'embedding' with .* got 'backbone'"):
        draw('class_accuracy', *options)


def test_a_missing_umap_is_named_with_the_command(draw, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'umap', None)
    with pytest.raises(
        ImportError, match=r"umap-learn, which is not installed\.\nType.*'npid-mm\[pictures\]'"
    ):
        draw('bank', '--method', 'umap', '--out', 'a.png')
    assert not list(tmp_path.iterdir())
