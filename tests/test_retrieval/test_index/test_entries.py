"""Paths and labels in compressed blocks."""

from npid_mm.retrieval.index.entries import Entry, EntryFile, pack, unpack
from npid_mm.retrieval.index.metadata import digest


def test_any_name_comes_back():
    """Blanks, line ends, quotes, other alphabets, and bytes that are no UTF-8."""
    names = [
        'a b.jpg',
        'a\nb.jpg',
        '"\\\'.jpg',
        'Ü猫.jpg',
        b'\xff.jpg'.decode(errors='surrogateescape'),
    ]
    entries = [Entry(name, label) for name in names for label in (None, '', 'a class')]
    assert unpack(pack(entries)) == entries


def test_rows_of_a_file_of_blocks(tmp_path):
    """Each row is found by its number, first and last of a block as well, and all in order."""
    entries = [Entry(f'/images/{number}.jpg', str(number % 3)) for number in range(12)]
    parts = [entries[:5], entries[5:6], entries[6:]]
    blocks = [pack(part) for part in parts]
    (tmp_path / 'file').write_bytes(b''.join(blocks) + b'what an interrupted writer left')
    sizes = [
        (len(part), len(block), digest(block)) for part, block in zip(parts, blocks, strict=True)
    ]
    file = EntryFile(tmp_path / 'file', sizes)
    assert [file[number] for number in range(12)] == entries == list(file)


def test_paths_of_imagenet_take_few_bytes():
    """What keeps an index of ImageNet below 340 MB: 328 MB of rows, and 9 bytes an image."""
    names = [f'/data/imagenet/train/n01440764/n01440764_{17 * i}.JPEG' for i in range(512)]
    assert len(pack([Entry(name, 'n01440764') for name in names])) < 9 * 512
