"""Paths and labels in compressed blocks."""

from npid_mm.retrieval.index.entries import Entry, EntryFile, pack, unpack
from npid_mm.retrieval.index.metadata import digest


def test_any_name_comes_back():
    """Blanks, line breaks, quotes, other alphabets, and bytes that are not UTF-8."""
    names = [
        'a b.jpg',
        'a\nb.jpg',
        '"\\\'.jpg',
        'Ü猫.jpg',
        b'\xff.jpg'.decode(errors='surrogateescape'),
    ]
    entries = [Entry(name, label) for name in names for label in (None, '', 'a class')]
    assert unpack(pack(entries)) == entries


def test_entries_are_found_in_their_blocks(tmp_path):
    """By number, and all in order."""
    entries = [Entry(f'/images/{number}.jpg', str(number % 3)) for number in range(12)]
    parts = [entries[:5], entries[5:6], entries[6:]]
    blocks = [pack(part) for part in parts]
    (tmp_path / 'file').write_bytes(b''.join(blocks) + b'half a block of an interrupted writer')
    sizes = [
        (len(part), len(block), digest(block)) for part, block in zip(parts, blocks, strict=True)
    ]
    file = EntryFile(tmp_path / 'file', sizes)
    assert [file[number] for number in range(12)] == entries == list(file)


def test_paths_of_imagenet_take_few_bytes():
    """An index of ImageNet stays below 340 MB: 328 MB of rows, and 9 bytes per path."""
    names = [f'/data/imagenet/train/n01440764/n01440764_{17 * i}.JPEG' for i in range(512)]
    assert len(pack([Entry(name, 'n01440764') for name in names])) < 9 * 512
