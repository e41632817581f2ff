"""Read configs, and check them before anything is built."""
