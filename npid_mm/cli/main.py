"""The ``npid`` command, which imports the module of a sub-command when that runs.

npid COMMAND [options]

``python -m npid_mm`` is the same, and the files of tools/ are single sub-commands of it.
"""

import difflib
import importlib
import sys

from npid_mm.version import __version__
from npid_mm.version_gate import check_versions, installed_versions

from .common.run_tool import UsageError, run_tool

# command -> module with a function `main(argv: list[str] | None) -> int | None`, and what it does
COMMANDS = {
    'quickstart': ('quickstart.command', 'train, evaluate and show NPID on a small folder'),
    'train': ('train', 'train a config, or a network on your own images'),
    'test': ('test', 'evaluate a checkpoint with the test of a config'),
    'embed': ('embed', 'write the feature vectors of images to a file'),
    'index': ('index', 'make, resume or extend an index of images'),
    'search': ('search', 'find the images of an index that are similar to others'),
    'retrieve': ('retrieve', 'index and search in one command, as in version 0.1'),
    'curate': ('curation.curate', 'find duplicates, leaks, outliers and doubtful labels'),
    'report': ('report.command', 'compare a run with raw pixels and an untrained network'),
    'export': ('export', 'write an index as a table, or an encoder as ONNX'),
    'download': ('download', 'download published weights and check their hash'),
    'benchmark': ('benchmark', 'run a suite of benchmarks on a checkpoint'),
    'sweep': ('sweep', 'train a config with every combination of some settings'),
    'doctor': ('environment.doctor', 'show what is installed, and what to type for the rest'),
    'install-ops': ('environment.install_ops', "compile and install mmcv's operators"),
    'convert checkpoint': ('convert.checkpoint', 'convert a checkpoint of another code base'),
    'convert extract-backbone': ('convert.extract_backbone', 'write the backbone alone'),
    'convert publish': ('convert.publish', 'write the model under a name with date and hash'),
    'convert reorder-bank': ('convert.reorder_bank', 'reorder a memory bank'),
    'convert check-bank-order': ('convert.check_bank_order', 'check the order of a memory bank'),
    'data check': ('data.check', 'check the files of a data set'),
    'data imagenet-lists': ('data.imagenet_lists', "write ImageNet's lists of images"),
    'data places205-lists': ('data.places205_lists', "write Places205's lists of images"),
    'data proposals': ('data.proposals', 'propose regions of VOC by selective search'),
    'draw curves': ('draw.curves', 'draw the curves of runs'),
    'draw views': ('draw.views', 'draw training images beside augmented views'),
    'draw bank': ('draw.bank', 'draw a map of the memory bank'),
    'draw retrieval': ('draw.retrieval', 'draw test images with their neighbors'),
    'draw class-accuracy': ('draw.class_accuracy', 'draw the kNN accuracy of each class'),
}
GROUPS = {
    'convert': 'convert, publish or check a checkpoint',
    'data': 'check a data set, or write its lists of images',
    'draw': 'draw a run, a checkpoint or a data set',
}
ERROR_STATUS = {'convert check-bank-order': 2}  # 1 is one of its results
ABOUT = 'Instance discrimination (NPID): train on images without labels, embed them and search.'
HELP = ('-h', '--help', 'help')


def main(argv: list[str] | None = None) -> int:
    """Run a sub-command of ``npid``.

    Args:
        argv (list[str], optional): The command line, by default that of the process.

    Returns:
        int: The exit status.
    """
    words = sys.argv[1:] if argv is None else argv
    first = words[0] if words else '--help'
    if first == '--version':
        print(f'npid-mm {__version__}')
        return 0
    if first in HELP or (first in GROUPS and words[1:2] and words[1] in HELP):
        print(_help(first if first in GROUPS else ''))
        return 0
    count = 2 if first in GROUPS else 1
    name = ' '.join(words[:count])
    sys.argv = [f'npid {name}', *words[count:]]
    return run_command(name)


def run_command(name: str) -> int:
    """Run a command of :data:`COMMANDS` with the arguments of this process.

    Returns:
        int: The exit status.
    """

    def run() -> int | None:
        if name not in COMMANDS:
            raise UsageError(_unknown(name))
        try:
            return importlib.import_module(f'npid_mm.cli.{COMMANDS[name][0]}').main()
        except ModuleNotFoundError:
            check_versions(installed_versions())  # names the command that installs what is missing
            raise

    return run_tool(run, ERROR_STATUS.get(name, 1))


def _help(group: str) -> str:
    """Return the help of ``npid``, or of a group of commands."""
    below = f'{group} ' if group else ''
    table = {
        name.removeprefix(below): about
        for name, (_, about) in COMMANDS.items()
        if name.startswith(below) and ' ' not in name.removeprefix(below)
    }
    lines = [f'usage: npid {below}COMMAND [options]', '', GROUPS.get(group, ABOUT), '']
    lines += [f'  {name:18}{about}' for name, about in (table if group else table | GROUPS).items()]
    return '\n'.join([*lines, '', f'npid {below}COMMAND --help shows the options of a command.'])


def _unknown(name: str) -> str:
    """Return the message about a name that is not a command."""
    group, _, word = name.partition(' ')
    if group in GROUPS:
        known = [each.partition(' ')[2] for each in COMMANDS if each.startswith(f'{group} ')]
        where, got = f'npid {group}', repr(word) if word else 'no command'
    else:
        known = [*(each for each in COMMANDS if ' ' not in each), *GROUPS]
        where, got, word = 'npid', repr(name), name
    close = difflib.get_close_matches(word, known, 3)
    advice = f'; did you mean {" or ".join(close)}?' if close else ''
    return f'{where} needs one of the commands {", ".join(known)}, got {got}{advice}'
