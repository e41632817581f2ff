"""Options, checks before a run and error messages that the sub-commands share."""
