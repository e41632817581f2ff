"""The version of the package: the one place that names it, read by setup.py as text."""

__version__ = '0.1.0'
