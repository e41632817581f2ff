"""Show versions, devices and fast paths, and what to type where something is missing.

npid doctor

The exit status is 1 if a training cannot run here.
"""

import argparse

from npid_mm.cli.common.run_tool import ToolParser

from .findings import Finding, devices, fast_paths, versions

SECTIONS = {'Versions': versions, 'Devices': devices, 'Fast paths': fast_paths}


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Show what is installed, and what to type where something is missing. The exit '
        'status is 1 if a training cannot run here.'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print the report; return 1 if something that every training needs is wrong."""
    parse_args(argv)
    wrong: list[Finding] = []
    for title, section in SECTIONS.items():
        print(title)
        for finding in section():
            _show(finding)
            wrong += [finding] if finding.wrong else []
    names = ', '.join(dict.fromkeys(each.name for each in wrong))
    print(f'A training cannot run here, see: {names}' if wrong else 'A training can run here.')
    return int(bool(wrong))


def _show(finding: Finding) -> None:
    """Print a line, and below it what to type."""
    print(f'  {"! " if finding.wrong else "  "}{finding.name:22}{finding.text}')
    if finding.advice:
        print(f'{"":26}-> {finding.advice}')
