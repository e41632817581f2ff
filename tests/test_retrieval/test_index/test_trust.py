"""Whose index it is: signed with a key that nobody else has."""

import os
import stat

import pytest

from npid_mm.retrieval import (
    FeatureIndex,
    ImageRetriever,
    approximate,
    build_approximate,
    build_index,
)
from npid_mm.retrieval.index.trust import is_signed, key_file, sign
from tests.toy import INDEX_ABOUT

REFUSED = 'index was not made on this machine by this user, .* give --trust .trust=True'


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Settings of another user: call it to become that user."""
    return lambda: monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path / 'other user'))


def test_a_signature_is_of_one_text_and_one_key(elsewhere):
    signature = sign(b'text')
    assert sign(b'text') == signature and is_signed(b'text', signature)
    assert not is_signed(b'test', signature) and not is_signed(b'text', signature[:-1] + 'é')
    elsewhere()
    assert not is_signed(b'text', signature)  # without a key of that user
    assert sign(b'text') != signature and not is_signed(b'text', signature)


def test_the_key_is_for_its_owner_alone(elsewhere):
    elsewhere()
    sign(b'text')
    about = os.stat(key_file())
    assert stat.S_IMODE(about.st_mode) == 0o600 and about.st_size == 32
    assert os.listdir(key_file().parent) == ['index.key']
    signature = sign(b'text')
    os.chmod(key_file(), 0o644)
    assert not is_signed(b'text', signature)
    with pytest.raises(PermissionError, match='index.key must have 32 bytes and be readable by'):
        sign(b'text')


@pytest.mark.parametrize('kind', ['link', 'pipe', 'short'])
def test_a_key_that_is_no_key_is_refused(elsewhere, tmp_path, kind):
    elsewhere()
    path = key_file()
    path.parent.mkdir(parents=True)
    if kind == 'link':
        (tmp_path / 'key').write_bytes(bytes(32))
        path.symlink_to(tmp_path / 'key')
    elif kind == 'pipe':
        os.mkfifo(path)
    else:
        path.touch(0o600)
    assert not is_signed(b'text', '')
    with pytest.raises(PermissionError, match='index.key must '):
        sign(b'text')


def test_without_a_place_for_a_key_an_index_is_made_and_says_so(monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path / 'file'))
    about = INDEX_ABOUT | dict(dtype='float32', dim=8)
    with pytest.warns(UserWarning, match='index is not signed, so that using it needs --trust'):
        index = FeatureIndex.create(tmp_path / 'index', {}, about)
    with pytest.raises(PermissionError, match=REFUSED):
        index.check_trusted(False)
    index.check_trusted(True)


def test_an_index_of_another_user_is_used_if_one_says_so(
    digits_run, images, tmp_path, elsewhere, monkeypatch
):
    """Searched, grown and sorted into lists; whoever adds to it signs it."""
    monkeypatch.setattr(approximate, 'MIN_ROWS', 10)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 1)
    folder, query = tmp_path / 'index', str(images / '4')
    build_index(folder, *digits_run, images / '3', num_workers=0)
    results = ImageRetriever(folder)(query)
    elsewhere()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for use in (
        lambda: ImageRetriever(folder),
        lambda: ImageRetriever(FeatureIndex(folder), approximate=True),
        lambda: build_index(folder, *digits_run, images / '4', num_workers=0),
        lambda: build_approximate(FeatureIndex(folder)),
    ):
        with pytest.raises(PermissionError, match=REFUSED):
            use()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert ImageRetriever(folder, trust=True)(query) == results
    assert not FeatureIndex(folder).trusted
    build_approximate(FeatureIndex(folder), trust=True)
    assert FeatureIndex(folder).trusted
    assert ImageRetriever(folder, approximate=True)(query)
    grown, _ = build_index(folder, *digits_run, images / '4', num_workers=0)
    assert ImageRetriever(grown)(query)[0]['neighbors'] != results[0]['neighbors']
