"""Pages of findings and of results, each in one file."""
