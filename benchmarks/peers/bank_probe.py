"""Measure how a bank is built; imported by the scripts of both interpreters."""

import json

from measure import extra_megabytes, seconds


def report(build) -> None:
    """Print seconds, bytes of all buffers and peak extra MB of ``build`` as one line of JSON."""
    built = []
    peak = extra_megabytes(lambda: built.append(build()), 'cpu')
    size = sum(buffer.nbytes for buffer in built.pop().buffers())
    print(json.dumps(dict(seconds=seconds(build, 'cpu'), bytes=size, peak=peak)))
