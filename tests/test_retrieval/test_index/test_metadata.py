"""Metadata of an index: what is written comes back, and damaged files are refused."""

import json

import pytest

from npid_mm.retrieval.index.metadata import preview, read_metadata, write_metadata
from tests.toy import INDEX_ABOUT

META = {
    'format': 2,
    'npid_mm': '0.1',
    **INDEX_ABOUT,
    'dtype': 'float32',
    'dim': 8,
    'config': {},
    'classes': [],
    'blocks': [],
}


def test_written_metadata_come_back_signed(tmp_path):
    assert write_metadata(tmp_path, META)
    assert read_metadata(tmp_path) == (META, True)
    content = json.loads((tmp_path / 'index.json').read_text())
    (tmp_path / 'index.json').write_text(json.dumps(content | {'signature': '00' * 32}))
    assert read_metadata(tmp_path) == (META, False)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', 'index.json is damaged'),
        ('[' * 100_000, 'index.json is damaged'),
        ('[]', 'index.json is damaged: it must hold an object, got list'),
        ('{"format": 2, "size": NaN}', 'index.json is damaged: numbers must be finite, got NaN'),
        (
            '{"format": 1}',
            'must be an index of format 2 or 3, got 1: make it again .* as Python code',
        ),
        ('{"format": 2}', 'its checksum is not that of its content'),
    ],
)
def test_damaged_metadata_are_refused(tmp_path, text, message):
    (tmp_path / 'index.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_metadata(tmp_path)


@pytest.mark.parametrize('change', [{'dim': 0}, {'dtype': 'int8'}, {'blocks': [[1]]}])
def test_fields_out_of_range_are_refused(tmp_path, change):
    write_metadata(tmp_path, META | change)
    (name,) = change
    with pytest.raises(ValueError, match=f'index.json is damaged: it has {name} '):
        read_metadata(tmp_path)


def test_a_preview_has_at_most_80_characters():
    assert preview({'a': 1}) == '{"a": 1}'
    assert len(preview('x' * 100)) == 80
