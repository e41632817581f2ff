"""What the command-line tools share: options, checks before a run, errors."""
