"""Ways to damage an index folder, or to craft one as an attacker."""

import hashlib
import json
import os
import zlib
from functools import cache
from pathlib import Path

import faiss
import numpy as np

from npid_mm.retrieval.index.metadata import digest

EXEC = "__import__('pathlib').Path('executed').touch()"
EVIL = f'float32 if {EXEC} else torch.float32'


def rewrite(folder: Path, change) -> None:
    """Change ``index.json`` without the key of the user: the checksum fits, the signature not."""
    meta = json.loads((folder / 'index.json').read_text())
    meta = {key: value for key, value in meta.items() if key not in ('checksum', 'signature')}
    meta = change(meta) or meta
    text = json.dumps(meta, sort_keys=True).encode()
    meta['checksum'] = hashlib.sha256(text).hexdigest()
    (folder / 'index.json').write_text(json.dumps(meta | {'signature': '00' * 32}))


def put(*place, value):
    """A craft that sets one value of ``index.json``."""

    def craft(folder):
        def change(meta):
            where = meta
            for key in place[:-1]:
                where = where[key]
            where[place[-1]] = value

        rewrite(folder, change)

    return craft


def drop(key):
    return lambda folder: rewrite(folder, lambda meta: meta.pop(key) and None)


def text(name, content):
    """A craft that writes a file."""
    content = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(content)


def pipe(name):
    def craft(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return craft


def link(name, target=None):
    """A craft that links to a file outside of the folder, by default a file of the user."""

    def craft(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target or folder.parent / 'treasure/thesis.txt')

    return craft


def directory(name):
    def craft(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return craft


def missing(name):
    return lambda folder: (folder / name).unlink()


def cut(name):
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


def flip(name, position=20):
    def craft(folder):
        content = bytearray((folder / name).read_bytes())
        content[position] ^= 4
        (folder / name).write_bytes(content)

    return craft


def rows(change):
    """A craft that changes the rows, with the right digest."""

    def craft(folder):
        content = np.fromfile(folder / 'rows.bin', np.float32)
        change(content)
        content.tofile(folder / 'rows.bin')
        rewrite(folder, lambda meta: meta['blocks'][0].__setitem__(2, digest(content.tobytes())))

    return craft


def entries(make):
    """A craft of the entries: ``make`` returns packed bytes, or names and labels, for a count."""

    def craft(folder):
        meta = json.loads((folder / 'index.json').read_text())
        count = meta['blocks'][0][0]
        packed = make(count)
        if isinstance(packed, list):
            packed = zlib.compress(json.dumps(packed).encode())
        (folder / 'entries.bin').write_bytes(packed)
        rewrite(folder, lambda meta: set_entries(meta, packed))

    return craft


@cache
def bomb(text, times):
    """A compressed text that decompresses to many times its size."""
    packer = zlib.compressobj()
    return b''.join([*(packer.compress(text) for _ in range(times)), packer.flush()])


def set_entries(meta, packed):
    meta['blocks'] = [[meta['blocks'][0][0], len(packed), meta['blocks'][0][2], digest(packed)]]


def names(name):
    """A craft that gives all images one name and one class."""
    return entries(lambda count: [[f'{name}'] * count, ['</script><script>alert(1)'] * count])


def piped_name(folder):
    os.mkfifo(folder.parent / 'image.png')
    names(str(folder.parent / 'image.png'))(folder)


def lists(make):
    """A craft of the lists of approximate search, with the right sha256."""

    def craft(folder):
        make(folder)
        content = (folder / 'approximate.faiss').read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        rewrite(folder, lambda meta: meta['approximate'].update(sha256=sha256))

    return craft


def other_lists(kind, change=lambda index: index):
    """Lists of another kind, which faiss can read."""

    def make(folder):
        index = faiss.index_factory(16, kind, faiss.METRIC_INNER_PRODUCT)
        data = np.random.default_rng(0).random((40, 16), np.float32)
        index.train(data)
        if kind.startswith('IDMap'):
            index.add_with_ids(data, np.arange(40) + 10**12)
        else:
            index.add(data)
        faiss.write_index(change(index), str(folder / 'approximate.faiss'))

    return lists(make)


def damaged_lists(change):
    def make(folder):
        path = folder / 'approximate.faiss'
        content = bytearray(path.read_bytes())
        path.write_bytes(change(content))

    return lists(make)


def checkpoint(make):
    """A craft with a checkpoint of the attacker's choice."""

    def craft(folder):
        put('checkpoint', value=str(make(folder.parent)))(folder)

    return craft


def evil_pickle(folder):
    path = folder / 'evil.pth'
    path.write_bytes(b'c__builtin__\nexec\n(S"' + EXEC.encode() + b'"\ntR.')
    return path


def piped(folder):
    os.mkfifo(folder / 'pipe.pth')
    return folder / 'pipe.pth'
