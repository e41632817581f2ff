#!/usr/bin/env python
"""Find images that look alike: tools/retrieve.py {index,search,approximate} ..."""

import sys

from npid_mm.cli.errors import run_tool
from npid_mm.cli.retrieve import main

if __name__ == '__main__':
    sys.exit(run_tool(main))
