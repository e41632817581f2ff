"""Indexes are signed with a key that only this user has."""

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
    """Return a function that switches to the settings of another user."""
    return lambda: monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path / 'other user'))


def test_a_signature_is_valid_for_one_text_and_one_key(elsewhere):
    signature = sign(b'text')
    assert sign(b'text') == signature and is_signed(b'text', signature)
    assert not is_signed(b'test', signature) and not is_signed(b'text', signature[:-1] + 'é')
    elsewhere()
    assert not is_signed(b'text', signature)  # without a key of that user
    assert sign(b'text') != signature and not is_signed(b'text', signature)


def test_only_its_owner_can_read_the_key(elsewhere):
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
def test_another_file_in_place_of_the_key_is_refused(elsewhere, tmp_path, kind):
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


def test_an_index_is_made_without_a_signature_if_no_key_can_be_stored(monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path / 'file'))
    about = INDEX_ABOUT | dict(dtype='float32', dim=8)
    with pytest.warns(UserWarning, match='index is not signed, so that using it needs --trust'):
        index = FeatureIndex.create(tmp_path / 'index', {}, about)
    with pytest.raises(PermissionError, match=REFUSED):
        index.check_trusted(False)
    index.check_trusted(True)


@pytest.mark.slow
def test_an_index_of_another_user_is_used_with_trust(
    digits_run, images, tmp_path, elsewhere, monkeypatch
):
    """Searched, extended and sorted into lists; the user who adds to it signs it."""
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
