"""The sub-commands of ``npid``; :mod:`npid_mm.cli.main` has the table."""
