"""Find the images of a folder, and account for everything else that lies in it."""

import os
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from npid_mm.utils.paths import printable_path

# of the formats that OpenCV and Pillow both decode; of an animation, the first frame
ENDINGS = (
    *('.jpg', '.jpeg', '.jpe', '.jfif', '.pjpeg', '.pjp', '.mpo', '.png', '.apng', '.gif'),
    *('.webp', '.avif', '.bmp', '.tif', '.tiff', '.jp2', '.j2k', '.ppm', '.pgm', '.pbm', '.pnm'),
)
# folders that operating systems, file servers and photo programs make beside the images
SYSTEM_FOLDERS = {
    *('__macosx', '$recycle.bin', 'recycler', 'system volume information', 'lost+found'),
    *('network trash folder', 'temporary items', 'thevolumesettingsfolder', 'resource.frk'),
    *('thumbnails', 'thumbs', '_thumbs', '_thumbnails', '__thumbs', '_vti_cnf', '__pycache__'),
    *('picasa originals', 'ipod photo cache', 'captureone'),
}
# Synology and QNAP: @eaDir, #recycle, @Recycle, #snapshot, @tmp, @Recently-Snapshot
SERVER_FOLDER = re.compile(r'[#@](eadir|recycle|snapshot|tmp|recently-snapshot|__thumb).*', re.I)
ALBUM_ART = re.compile(r'albumart(small|_\{.*)\.jpg', re.I)  # of Windows' media player
ORDINARY_ENDING = re.compile(r'\.[A-Za-z0-9_-]{1,8}')
SHOWN_KINDS, SHOWN_FOLDERS = 8, 5


@dataclass
class FoundImages:
    """The images of a folder.

    Attributes:
        root (str): Absolute path of the folder.
        names (list[str]): Paths of the images relative to ``root``, folder by folder in order.
        passed_over (Counter[str]): How many there are of everything else, by its kind: 'hidden',
            an ending such as '.heic', or a folder such as '__MACOSX/'.
        unlisted (dict[str, str]): Subfolders that cannot be listed, with the reason.
        without (list[str]): The highest subfolders without any image.
    """

    root: str
    names: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    unlisted: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """list[str]: Absolute paths of the images."""
        return [os.path.join(self.root, name) for name in self.names]

    def remarks(self) -> list[str]:
        """Sentences about what was passed over, empty if there was nothing else."""
        order = sorted(self.passed_over.items(), key=lambda item: (-item[1], item[0]))
        kinds = [f'{count:,} {kind}' for kind, count in order]
        if len(kinds) > SHOWN_KINDS:
            kinds[SHOWN_KINDS:] = [f'{len(kinds) - SHOWN_KINDS} other kinds of files']
        lines = [f'passed over: {", ".join(kinds)}'] if kinds else []
        if self.without:
            shown = [f'{printable_path(name)}/' for name in self.without[:SHOWN_FOLDERS]]
            more = f' and {len(self.without) - len(shown)} more' * (len(self.without) > len(shown))
            lines.append(f'no image in {", ".join(shown)}{more}')
        if self.unlisted:
            name, reason = next(iter(self.unlisted.items()))
            lines.append(
                f'cannot look into {len(self.unlisted)} of the subfolders, the first: '
                f'{printable_path(os.path.join(self.root, name))}: {reason}'
            )
        return lines


def find_images(folder: str | Path) -> FoundImages:
    """Find the images in a folder and its subfolders, links included.

    A file is an image by its ending, one of :data:`ENDINGS` in upper or lower case. Hidden files
    and folders are passed over, and so are the folders that systems and photo programs make beside
    the images. A file that links lead to several times counts once, at its own place if that is in
    the folder.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
        OSError: The folder cannot be listed.
    """
    found = FoundImages(os.path.realpath(folder))
    if not os.path.isdir(found.root):
        raise FileNotFoundError(f'no folder of images at {printable_path(found.root)}')
    os.scandir(found.root).close()  # only of subfolders is it enough to say that they are closed
    name_of = {}  # real path -> path below the root
    seen = {found.root}
    links = deque()
    folders = _walk(found, '', found.root, seen, links, name_of)
    while links:  # after everything that has its own place in the folder
        name, real, is_folder = links.popleft()
        if real in seen or real in name_of:
            found.passed_over['linked twice'] += 1
        elif is_folder:
            seen.add(real)
            folders += [name, *_walk(found, name, real, seen, links, name_of)]
        else:
            name_of[real] = name
    found.names = sorted(name_of.values(), key=lambda name: name.split('/'))
    if not found.names:
        told = '; '.join([f'no image in {printable_path(found.root)}', *found.remarks()])
        endings = ', '.join(ENDINGS)
        raise FileNotFoundError(f'{told}: looked for {endings} in it and its subfolders')
    filled = {parent for name in found.names for parent in _parents(name)}
    empty = set(folders) - filled - found.unlisted.keys()
    found.without = sorted(folder for folder in empty if filled.issuperset(_parents(folder)))
    return found


def _parents(name: str) -> Iterator[str]:
    """The folders that a relative path lies in, '' for the root excepted."""
    while '/' in name:
        name = name.rpartition('/')[0]
        yield name


def _walk(found, top: str, real_top: str, seen: set, links: deque, name_of: dict) -> list[str]:
    """Collect what lies in a folder that is reached as ``top``; returns the folders in it.

    Links are left for later.
    """
    waiting, folders = [(top, real_top)], []
    while waiting:
        folder, real_folder = waiting.pop()
        try:
            with os.scandir(real_folder) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            found.unlisted[folder] = error.strerror or str(error)
            continue
        for entry in entries:
            name = f'{folder}/{entry.name}' if folder else entry.name
            real = os.path.join(real_folder, entry.name)
            kind = _passed_over(entry)
            if kind:
                found.passed_over[kind] += 1
            elif entry.is_symlink():
                links.append((name, os.path.realpath(entry.path), entry.is_dir()))
            elif not entry.is_dir():
                name_of[real] = name
            elif real not in seen:
                seen.add(real)
                folders.append(name)
                waiting.append((name, real))
    return folders


def is_clutter(path: str) -> bool:
    """Tell whether a relative path is a hidden file, or lies in a hidden or a system folder."""
    *folders, name = path.split('/')
    return _is_hidden(name) or any(map(_is_system_folder, folders))


def _is_hidden(name: str) -> bool:
    return name.startswith('.') or ALBUM_ART.fullmatch(name) is not None


def _is_system_folder(name: str) -> bool:
    known = name.casefold() in SYSTEM_FOLDERS or SERVER_FOLDER.fullmatch(name)
    return name.startswith('.') or bool(known)


def _passed_over(entry: os.DirEntry) -> str:
    """Return the kind of what is passed over, '' for images and for folders to look into."""
    name = entry.name
    try:
        is_folder, is_file = entry.is_dir(), entry.is_file()
    except OSError:  # links in a circle
        return 'with a broken link'
    if is_folder:
        return f'{printable_path(name)}/' if _is_system_folder(name) else ''
    if _is_hidden(name):
        return 'hidden'
    if not is_file:
        return 'with a broken link' if entry.is_symlink() else 'without content to read'
    ending = os.path.splitext(name)[1].strip().lower()
    if ending in ENDINGS:
        return ''
    if not ending:
        return 'without an ending'
    return ending if ORDINARY_ENDING.fullmatch(ending) else 'with an unusual ending'
