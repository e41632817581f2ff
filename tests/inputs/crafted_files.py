"""Write at least 200 harmful checkpoints."""

import io
import random
import zipfile
from copy import copy
from pathlib import Path

import torch

from .assembler import Code, doubled, expanded, name, overlapping, save
from .crafted_legacy import legacy_files
from .payloads import payloads

PLACES = ('state_dict', 'meta', 'message_hub', 'optimizer', 'param_schedulers', 'extra')
FLIPS = 20  # damaged copies in each format
NOTES = 'notes'  # in the names of files of plain values, which MMEngine would obey or stumble over


def write_all(folder: Path, content: dict, trace: Path, victim: Path) -> list[Path]:
    """Write the files, which are otherwise checkpoints of a training.

    Args:
        folder: Where to.
        content: What the checkpoint of a training holds.
        trace: A file that is there afterwards if one of them was obeyed.
        victim: A folder that is gone then.
    """
    files = []

    def path(title):
        files.append(
            folder / f'{len(files):03}_{"".join(c if c.isalnum() else "_" for c in title)}.pth'
        )
        return files[-1]

    for number, (title, value) in enumerate(payloads(trace, victim).items()):
        for zipped in (True, False):
            place = PLACES[(number + zipped) % len(PLACES)]
            save(_placed(content, place, value), path(f'{title} in {place}'), zipped)
    write = f'open({str(trace)!r}, "w").close()'
    for title, value in _notes(write, str(victim)).items():
        save(content | value, path(f'{NOTES} {title}'))
    for zipped in (True, False):
        good = save(content, folder / 'good', zipped).read_bytes()
        for title, data in _damaged(good, zipped).items():
            path(title).write_bytes(data)
    for title, data in _zips(save(content, folder / 'good').read_bytes()).items():
        path(title).write_bytes(data)
    for title, data in legacy_files(trace).items():
        path(title).write_bytes(data)
    (folder / 'good').unlink()
    return files


def _placed(content: dict, place: str, value) -> dict:
    """Put a value into one part of the content."""
    content = {name: copy(part) for name, part in content.items()}
    if isinstance(content.get(place), dict):
        content[place]['backbone.harm'] = value
    elif isinstance(content.get(place), list):
        content[place].append(value)
    else:
        content[place] = value
    return content


def _notes(write: str, victim: str) -> dict[str, dict]:
    """Parts of plain values that MMEngine would execute or fail on."""
    meta = dict(epoch=1, iter=4, seed=0)
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    inside = f'{victim}/keep.txt'
    paths = dict(
        best_ckpt=inside, last_ckpt=inside, stop_checkpoints=[inside, victim, '../victim', '..'],
        keep_ckpt_ids=[f'/../../{inside}', inside, victim, -1, 2**70, None, 1.5],
    )  # fmt: skip
    return {
        'a config': dict(meta=meta | dict(config=write, cfg=write)),
        'a config beside bare weights': dict(state_dict=7, meta=meta | dict(config=write)),
        'a config of bytes': dict(meta=meta | dict(config=write.encode())),
        'paths to remove': dict(message_hub=hub | dict(runtime_info=paths)),
        'numbers as paths': dict(message_hub=hub | dict(runtime_info=dict.fromkeys(paths, 3))),
        'paths of dicts': dict(message_hub=hub | dict(runtime_info=dict.fromkeys(paths, {}))),
        'a hub of text': dict(message_hub='text'),
        'a hub of lists': dict(message_hub=dict.fromkeys(hub, [1])),
        'a hub without parts': dict(message_hub={}),
        'a hub of numbers': dict(message_hub=hub | dict(runtime_info={1: 2}, resumed_keys={3: 4})),
        'keys that are not resumed': dict(message_hub=hub | dict(resumed_keys=dict(iter=False))),
        'a meta of text': dict(meta='text'),
        'a meta of a list': dict(meta=[1]),
        'no progress': dict(meta={}),
        'an iteration of text': dict(meta=meta | dict(iter='4')),
        'a negative iteration': dict(meta=meta | dict(iter=-4)),
        'an iteration of a list': dict(meta=meta | dict(iter=Code(doubled(60)))),
        'a large seed': dict(meta=meta | dict(seed=2**200)),
        'a seed of lists': dict(meta=meta | dict(seed=Code(doubled(60)))),
        'a seed of text': dict(meta=meta | dict(seed='\x1b[31m' * 99)),
        'weights of numbers': dict(state_dict={'backbone.conv1.weight': 3}),
        'weights with numbers as names': dict(state_dict={3: torch.ones(1)}),
        'a network of text': dict(state_dict='text'),
        'a network of a class': dict(state_dict=Code(name('a', 'B'))),
        'a wide weight': dict(state_dict={'backbone.conv1.weight': expanded(2**22)}),
        'a wide bank': dict(state_dict={'memory_bank.feature_bank': expanded(2**23)}),
        'a flat bank': dict(state_dict={'memory_bank.feature_bank': torch.ones(7)}),
        'a bank of integers': dict(state_dict={'memory_bank.feature_bank': torch.ones(7, 2).int()}),
        'settings of complex numbers': dict(lemniscate={'params': torch.ones(4).cfloat()}),
        'an optimizer of text': dict(optimizer='text'),
        'schedules of text': dict(param_schedulers='text'),
        'nothing': dict.fromkeys(('state_dict', 'meta', 'message_hub', 'optimizer')),
    }


def _damaged(good: bytes, zipped: bool) -> dict[str, bytes]:
    """Files with missing or changed bytes."""
    kind = 'zip' if zipped else 'legacy'
    made = {
        f'{kind} cut at {part}': good[: int(len(good) * part)]
        for part in (0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999)
    }
    draw = random.Random(3)
    head = len(good) if zipped else min(len(good), 6000)  # the pickle
    for number in range(FLIPS):
        data = bytearray(good)
        for _ in range(1 + number % 3):
            data[draw.randrange(head)] ^= 1 << draw.randrange(8)
        made[f'{kind} flip {number}'] = bytes(data)
    return made


def _zips(good: bytes) -> dict[str, bytes]:
    """Archives that are not what ``torch.save`` writes."""
    with zipfile.ZipFile(io.BytesIO(good)) as source:
        parts = {each: source.read(each) for each in source.namelist()}
    pickled = next(each for each in parts if each.endswith('/data.pkl'))
    folder = pickled.removesuffix('data.pkl')
    large = max(parts, key=lambda each: len(parts[each]))

    def archive(changes, squeezed=()):
        file = io.BytesIO()
        with zipfile.ZipFile(file, 'w') as target:
            for each, data in (parts | changes).items():
                if data is not None:
                    method = zipfile.ZIP_DEFLATED if each in squeezed else zipfile.ZIP_STORED
                    target.writestr(each, data, method)
        return file.getvalue()

    weak = bytearray(good)  # says that it is encrypted
    weak[good.rindex(b'PK\x01\x02') + 8] |= 1
    return {
        'zip without a pickle': archive({pickled: None}),
        'zip with two pickles': archive({'other/data.pkl': parts[pickled]}),
        'zip without a storage': archive({f'{folder}data/0': None}),
        'zip with a short storage': archive({large: parts[large][:-4]}),
        'zip with a long storage': archive({large: parts[large] + b'more'}),
        'zip with an odd storage': archive({large: parts[large] + b'x'}),
        'zip of big numbers': archive({f'{folder}byteorder': b'big'}),
        'zip of zeros, squeezed': archive({large: bytes(2**28)}, [large]),
        'zip with a squeezed pickle': archive({}, [pickled]),
        'zip with an empty pickle': archive({pickled: b''}),
        'zip with a name of folders': archive({'../../data.pkl': parts[pickled], pickled: None}),
        'zip with code': archive({f'{folder}code/__torch__.py': b'import os'}),
        'zip that is encrypted': bytes(weak),
        'zip behind other data': b'#!/bin/sh\n' + good,
        'zip of nothing': b'PK\x05\x06' + bytes(18),
        'zip whose parts overlap': overlapping(good),
    }
