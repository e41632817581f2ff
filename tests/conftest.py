"""Set up a process that runs tests."""

import gc


def pytest_configure(config):
    """Load the shared fixtures, but not with ``-n`` in the process that only distributes tests."""
    if hasattr(config, 'workerinput') or not config.getoption('numprocesses', None):
        config.pluginmanager.import_plugin('tests.shared_fixtures')


def pytest_collection_finish():
    """Leave what is imported out of garbage collection: each data set of MMEngine collects."""
    gc.collect()
    gc.freeze()
