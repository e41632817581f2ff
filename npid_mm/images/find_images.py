"""Find the images in a folder, and count everything else in it."""

import os
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from npid_mm.utils.paths import printable_path

HEIF = ('.heic', '.heif')  # read with pillow-heif
ARRAY = '.npy'  # an image only in a folder without other images
# of an animation, the first frame is read
ENDINGS = (
    *('.jpg', '.jpeg', '.jpe', '.jfif', '.pjpeg', '.pjp', '.mpo', '.png', '.apng', '.gif'),
    *('.webp', '.avif', '.bmp', '.tif', '.tiff', '.jp2', '.j2k', '.ppm', '.pgm', '.pbm', '.pnm'),
    *((*HEIF, ARRAY) if find_spec('pillow_heif') else (ARRAY,)),
)
# folders that operating systems, file servers and photo programs create among images
SYSTEM_FOLDERS = {
    *('__macosx', '$recycle.bin', 'recycler', 'system volume information', 'lost+found'),
    *('network trash folder', 'temporary items', 'thevolumesettingsfolder', 'resource.frk'),
    *('thumbnails', 'thumbs', '_thumbs', '_thumbnails', '__thumbs', '_vti_cnf', '__pycache__'),
    *('picasa originals', 'ipod photo cache', 'captureone'),
}
# Synology and QNAP: @eaDir, #recycle, @Recycle, #snapshot, @tmp, @Recently-Snapshot
SERVER_FOLDER = re.compile(r'[#@](eadir|recycle|snapshot|tmp|recently-snapshot|__thumb).*', re.I)
ALBUM_ART = re.compile(r'albumart(small|_\{.*)\.jpg', re.I)  # written by Windows Media Player
ORDINARY_ENDING = re.compile(r'\.[A-Za-z0-9_-]{1,8}')
SHOWN_KINDS, SHOWN_FOLDERS = 8, 5


@dataclass
class FoundImages:
    """Images of a folder.

    Attributes:
        root (str): Absolute path of the folder.
        names (list[str]): Paths of the images relative to ``root``, folder by folder in order.
        passed_over (Counter[str]): Number of all other files and folders by kind: 'hidden', an
            ending such as '.heic', or a folder such as '__MACOSX/'.
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
        """Describe what was passed over, in sentences; empty if nothing was."""
        order = sorted(self.passed_over.items(), key=lambda item: (-item[1], item[0]))
        kinds = [f'{count:,} {kind}' for kind, count in order]
        if len(kinds) > SHOWN_KINDS:
            kinds[SHOWN_KINDS:] = [f'{len(kinds) - SHOWN_KINDS} other kinds of files']
        lines = [f'passed over: {", ".join(kinds)}'] if kinds else []
        if not self.passed_over.keys().isdisjoint(HEIF):
            lines.append("HEIC is read after pip install 'npid-mm[formats]'")
        if self.without:
            lines.append(f'no image in {folder_list(self.without)}')
        if self.unlisted:
            name, reason = next(iter(self.unlisted.items()))
            lines.append(
                f'cannot look into {len(self.unlisted)} of the subfolders, the first: '
                f'{printable_path(os.path.join(self.root, name))}: {reason}'
            )
        return lines


def find_images(folder: str | Path) -> FoundImages:
    """Find the images in a folder and its subfolders, following links.

    Images have one of :data:`ENDINGS`, in upper or lower case. Arrays (.npy) are images in a folder
    without others, where they may be labels or masks. Hidden files and folders are passed
    over, and so are folders that systems and photo programs create. A file that several links lead
    to counts once, at its own place if that is in the folder.

    Raises:
        FileNotFoundError: If the folder is missing or has no image.
        OSError: If the folder cannot be listed.
    """
    found = FoundImages(os.path.realpath(folder))
    if not os.path.isdir(found.root):
        raise FileNotFoundError(f'no folder of images at {printable_path(found.root)}')
    os.scandir(found.root).close()  # an error here is raised; one of a subfolder is only reported
    name_of: dict[str, str] = {}  # real path of an image -> path relative to the root
    seen, folders = {found.root}, []  # real paths, and relative ones
    waiting = [('', found.root)]
    links: deque[tuple[str, str, bool]] = deque()
    while waiting or links:
        if not waiting:  # links come after everything that has its own place in the folder
            name, real, is_folder = links.popleft()
            if real in seen or real in name_of:
                found.passed_over['linked twice'] += 1
            elif is_folder:
                seen.add(real)
                folders.append(name)
                waiting.append((name, real))
            else:
                name_of[real] = name
            continue
        folder, real_folder = waiting.pop()
        try:
            with os.scandir(real_folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            found.unlisted[folder] = error.strerror or str(error)
            continue
        for entry in entries:
            name = f'{folder}/{entry.name}' if folder else entry.name
            real = os.path.join(real_folder, entry.name)
            if kind := _passed_over(entry):
                found.passed_over[kind] += 1
            elif entry.is_symlink():
                links.append((name, os.path.realpath(entry.path), entry.is_dir()))
            elif not entry.is_dir():
                name_of[real] = name
            elif real not in seen:
                seen.add(real)
                folders.append(name)
                waiting.append((name, real))
    arrays = [real for real, name in name_of.items() if name.lower().endswith(ARRAY)]
    if len(arrays) < len(name_of):
        for real in arrays:
            del name_of[real]
            found.passed_over[ARRAY] += 1
    found.names = sorted(name_of.values(), key=lambda name: name.split('/'))
    if not found.names:
        text = '; '.join([f'no image in {printable_path(found.root)}', *found.remarks()])
        endings = ', '.join(ENDINGS)
        raise FileNotFoundError(f'{text}: looked for {endings} in it and its subfolders')
    filled = {parent for name in found.names for parent in _parents(name)}
    empty = set(folders) - filled - found.unlisted.keys()
    found.without = sorted(folder for folder in empty if filled.issuperset(_parents(folder)))
    return found


def folder_list(names: Iterable[str]) -> str:
    """Join the first folder names for a message; '' stands for images beside the folders."""
    shown = [f'{printable_path(name)}/' if name else 'images' for name in sorted(names)]
    more = f' and {len(shown) - SHOWN_FOLDERS} more' if len(shown) > SHOWN_FOLDERS else ''
    return ', '.join(shown[:SHOWN_FOLDERS]) + more


def is_clutter(path: str) -> bool:
    """Return whether a relative path is a hidden file, or lies in a hidden or system folder."""
    *folders, name = path.split('/')
    return _is_hidden(name) or any(map(_is_system_folder, folders))


def _is_hidden(name: str) -> bool:
    return name.startswith('.') or ALBUM_ART.fullmatch(name) is not None


def _is_system_folder(name: str) -> bool:
    known = name.casefold() in SYSTEM_FOLDERS or SERVER_FOLDER.fullmatch(name)
    return name.startswith('.') or bool(known)


def _parents(name: str) -> Iterator[str]:
    """Folders above a relative path, without the root."""
    while '/' in name:
        name = name.rpartition('/')[0]
        yield name


def _passed_over(entry: os.DirEntry) -> str:
    """Kind of an entry to pass over, '' for images and for folders to search."""
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
