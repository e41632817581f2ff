"""Comparison of a run with pixels, untrained networks and other runs."""
