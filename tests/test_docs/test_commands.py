"""What the pages tell a user to type: files and options that there are.

Whether the commands run is the business of `tests/commands/`.
"""

import re

from npid_mm.cli.main import COMMANDS, GROUPS
from tests.pages import blocks, pages
from tests.toy import ROOT

FILE = r'(?<![\w/])((?:tools|benchmarks|configs)/[\w/.-]+\.(?:py|sh))\b'


def test_commands_name_files_that_exist():
    for page in pages():
        text = page.read_text(encoding='utf-8')
        for name in re.findall(FILE, text):
            placeholder = '...' in name or re.search('[A-Z]{3}', name)
            assert placeholder or (ROOT / name).is_file(), f'{page.name} names {name}'


def commands():
    """(page, command of npid, its options) of each command of the pages, also of a tool."""
    for page in pages():
        for block in blocks(page, 'shell'):
            for line in re.sub(r'\\\n\s*', '', block.code).splitlines():
                call = re.match(r'\s*(?:python (tools/[\w/]+\.py)|npid (?!-))([^#]*)', line)
                if call:
                    words = call[2].split()
                    name = ' '.join(words[: 2 if GROUPS.keys() & words[:1] else 1])
                    if call[1]:
                        name = re.search(r"run_command\('(.*)'", (ROOT / call[1]).read_text())[1]
                    yield page.name, name, re.findall(r'(?<=\s)--(?!help)[a-z-]+', call[2])


def source(path, seen):
    """Text of a file and of the modules of the command line that it imports."""
    seen.add(path)
    text = path.read_text(encoding='utf-8')
    for name in re.findall(r'from (npid_mm\.(?:cli|utils)[\w.]*|\.\w+) import', text):
        module = ROOT / f'{name.replace(".", "/")}.py'
        if name.startswith('.'):
            module = path.with_name(f'{name[1:]}.py')
        if module.is_file() and module not in seen:
            text += source(module, seen)
    for name in re.findall(r'from npid_mm.cli import (\w+)', text):
        text += source(ROOT / f'npid_mm/cli/{name}.py', seen)
    return text


def test_commands_have_options_that_they_know():
    """Each option of a command stands in its module or in one that this imports."""
    found = list(commands())
    assert any(options for _, _, options in found)
    for page, command, options in found:
        module = ROOT / f'npid_mm/cli/{COMMANDS[command][0].replace(".", "/")}.py'
        known = source(module, set())
        for option in options:
            name = option[2:].replace('-', '_')
            made = "f'--{" in known and f"'{name}'" in known  # in a loop over names
            assert f"'{option}'" in known or made, f'{page}: {command} has no {option}'
