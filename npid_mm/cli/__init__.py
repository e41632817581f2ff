"""The command lines of the tools, and their shared options, checks and error messages."""
