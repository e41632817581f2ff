"""Tests of harmful checkpoints at every entry point."""

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from npid_mm.cli.common.user_errors import is_user_error, one_line
from tests.inputs.crafted_files import NOTES
from tests.inputs.entry_points import EntryPoints, values_of
from tests.inputs.limits import TooLongError, leave_secret, limited, shows_secret

pytestmark = pytest.mark.slow

# one of how many files an entry point gets: some take their time with what they have read,
# and all of them read by the same function
SHARES = dict(read=1, load_from=1, convert=1, publish=1)
SHARE = 2


@pytest.fixture(scope='module')
def entry_points(digits, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes))
        patch.setattr(Config, 'pretty_text', 'text')  # formatting it takes longer than all else
        yield EntryPoints(digits, tmp_path_factory.mktemp('runs'))


def snapshot(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob('*')}


def test_there_are_enough(crafted):
    files, _ = crafted
    assert len({path.read_bytes() for path in files}) >= 200


@pytest.mark.parametrize('name', EntryPoints.NAMES)
def test_nothing_is_executed_removed_or_exposed(name, crafted, entry_points, tmp_path, monkeypatch):
    """Each call ends soon, with a result or an error that a tool prints as one line."""
    files, world = crafted
    share = SHARES.get(name, SHARE)
    start = EntryPoints.NAMES.index(name) % share
    notes = [path for path in files if f'_{NOTES}_' in path.name]
    files = dict.fromkeys([*files[start::share], *notes])
    monkeypatch.chdir(world)
    before, wrong = snapshot(world), []
    for path in files:
        out = tmp_path / path.stem
        out.mkdir()
        try:
            leave_secret()
            with limited():
                result = getattr(entry_points, name)(path, out)
            read = values_of(result)
        except Exception as error:  # noqa: BLE001
            read = str(error).encode('utf-8', 'surrogatepass')
            if not is_user_error(error):
                wrong.append((path.name, type(error).__name__, one_line(error)))
        except TooLongError as error:
            wrong.append((path.name, str(error)))
            continue
        written = b''.join(each.read_bytes() for each in out.rglob('*') if each.is_file())
        if shows_secret(read) or shows_secret(written):
            wrong.append((path.name, 'shows memory'))
    assert not wrong
    assert snapshot(world) == before


def test_the_original_checkpoint_is_read(trained, entry_points, tmp_path):
    """The others are refused only for what was changed."""
    good = tmp_path / 'good.pth'
    torch.save(trained, good)
    for name in EntryPoints.NAMES:
        out = tmp_path / name
        out.mkdir()
        if name == 'extract':  # the toy network is not a ResNet of torchvision
            with pytest.raises(ValueError, match='the backbone is not the resnet18 of torch'):
                entry_points.extract(good, out)
        else:
            getattr(entry_points, name)(good, out)


def test_the_files_would_do_harm(crafted):
    """An ordinary unpickler executes some of them, so the other tests can fail."""
    files, world = crafted
    for title in ('os_system_in', 'builtins_exec_in', 'a_chain_of_getattr_in', 'INST_in'):
        for path in (each for each in files if title in each.name):
            torch.load(path, weights_only=False)
            assert (world / 'trace').is_file(), path
            (world / 'trace').unlink()


def test_an_uninitialized_tensor_would_expose_memory():
    leave_secret()
    made = [torch.empty(256, dtype=torch.uint8) for _ in range(20)]
    assert shows_secret(b''.join(each.numpy().tobytes() for each in made))
