"""npid train_images, embed and export: their options, and files of each kind."""

import numpy as np
import pytest
import torch

from npid_mm import Embeddings
from npid_mm.api.run_folder import write_record
from npid_mm.cli import embed, export, train_images
from npid_mm.retrieval import build_index
from tests.toy import ROOT


@pytest.fixture(scope='module')
def run(digits_run, tmp_path_factory):
    """The folder of a run with an untrained network."""
    folder = tmp_path_factory.mktemp('export') / 'run'
    folder.mkdir()
    write_record(folder, digits_run[0])
    content = torch.load(digits_run[1], weights_only=True)
    content['meta'] = {'iter': 4, 'epoch': 1}
    torch.save(content, folder / 'epoch_1.pth')
    return folder


@pytest.fixture(scope='module')
def zeros(digits):
    """Images of one class."""
    return digits / 'val/0'


def options(*words):
    return list(map(str, words))


def test_an_index_becomes_a_table(run, digits_run, zeros, tmp_path, capsys):
    index, _ = build_index(tmp_path / 'index', *digits_run, zeros, dtype='float32', num_workers=0)
    out = tmp_path / 'x.parquet'
    assert export.main(options(tmp_path / 'index', out)) == 0
    assert f'x.parquet: {len(index)} images, D = 16' in capsys.readouterr().out
    table = Embeddings.load(out)
    assert np.array_equal(table.vectors, index.rows.numpy())
    assert table.paths == [entry.path for entry in index.entries()]

    assert embed.main(options(run, zeros, '--out', tmp_path / 'x.csv', '--workers', 0)) == 0
    assert np.allclose(Embeddings.load(tmp_path / 'x.csv').vectors, table.vectors, atol=1e-6)


@pytest.mark.slow
def test_a_run_becomes_an_encoder(run, digits_run, zeros, tmp_path):
    digits_run[0].dump(tmp_path / 'config.py')
    for number, source in enumerate(
        ([run], [run / 'epoch_1.pth'], [tmp_path / 'config.py', digits_run[1]])
    ):
        out = tmp_path / str(number) / 'encoder.onnx'
        assert export.main(options(*source, out, '--images', zeros)) == 0
        assert out.is_file() and out.with_name('preprocessing.json').is_file()


def test_unreadable_images_are_named(run, zeros, tmp_path, capsys):
    (tmp_path / 'broken.png').write_text('text')
    assert (
        embed.main(options(run, zeros, tmp_path, '--out', tmp_path / 'x.npz', '--workers', 0)) == 0
    )
    assert (
        'left out, cannot be read: ' in (told := capsys.readouterr().err) and 'broken.png' in told
    )


def test_wrong_arguments_are_told(run, zeros, tmp_path):
    (tmp_path / 'x.npz').write_text('my notes')
    for main, words, error, message in (
        (
            export.main,
            (run, 'x.h5'),
            ValueError,
            r'FILE must end in one of \.npz, .*\.pt2, got x\.h5',
        ),
        (
            export.main,
            ('a', 'b', 'x.csv'),
            ValueError,
            'a table is written from one index, got a b',
        ),
        (export.main, ('a', 'b', 'c', 'x.pt2'), ValueError, 'a config and a checkpoint, got a b c'),
        (export.main, (run, 'x.csv', '--images', zeros), ValueError, '--images is for an encoder'),
        (export.main, (run, 'x.csv'), FileNotFoundError, 'no index'),
        (export.main, (run, tmp_path / 'x.npz'), FileExistsError, 'is not a file of embeddings'),
        (embed.main, (run, zeros, '--out', 'x.txt'), ValueError, r'--out must end in \.npz'),
        (
            embed.main,
            (zeros, zeros, '--out', 'x.csv'),
            FileNotFoundError,
            'has no checkpoint: give',
        ),
        (
            train_images.main,
            (zeros, '--out', ROOT),
            FileExistsError,
            'out must be a new or an empty',
        ),
        (train_images.main, (zeros, '--out', 'x', '--epochs', 0), ValueError, 'epochs must be at'),
    ):
        with pytest.raises(error, match=message):
            main(options(*words))


def test_options_of_a_training_reach_pretrain(monkeypatch, zeros):
    given = {}
    monkeypatch.setattr(
        train_images, 'pretrain', lambda *args, **more: given.update(more, a=args) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        train_images.main(
            options(
                *(zeros, 'more.csv', '--out', 'run', '--model', 'resnet50', '--epochs', 3),
                *('--batch-size', 8, '--lr', 0.5, '--image-size', 32, '--temperature', 0.1),
                *('--seed', 1, '--workers', 0, '--device', 'cpu', '--no-labels', '--resume'),
                *('--cfg-options', 'train_cfg.val_interval=1'),
            )
        )
    assert given.pop('a') == ([str(zeros), 'more.csv'], 'run', 'resnet50')
    assert given == {
        'epochs': 3,
        'batch_size': 8,
        'lr': 0.5,
        'image_size': 32,
        'temperature': 0.1,
        'seed': 1,
        'workers': 0,
        'device': 'cpu',
        'labels': False,
        'resume': True,
        'grow': False,
        'stop_if_worse': False,
        'train_cfg.val_interval': 1,
    }
