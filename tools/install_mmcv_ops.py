#!/usr/bin/env python
"""The command ``npid install-ops``."""

import sys

from npid_mm.cli.main import run_command

if __name__ == '__main__':
    sys.exit(run_command('install-ops'))
