#!/usr/bin/env python
"""Find similar images: tools/retrieve.py {index,search,approximate} ..."""

import sys

from npid_mm.cli.retrieve import main
from npid_mm.cli.run_tool import run_tool

if __name__ == '__main__':
    sys.exit(run_tool(main))
