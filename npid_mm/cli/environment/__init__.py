"""Report on an environment, and complete it."""
