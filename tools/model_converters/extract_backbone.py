#!/usr/bin/env python
"""The command ``npid convert extract-backbone``."""

import sys

from npid_mm.cli.main import run_command

if __name__ == '__main__':
    sys.exit(run_command('convert extract-backbone'))
