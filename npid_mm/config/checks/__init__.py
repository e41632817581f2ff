"""Check a config before anything is built: keys, types, numbers, data and metrics."""
